"""The setting `network`."""
