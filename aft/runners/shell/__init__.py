"""Shell steps and AFT's API helpers."""
