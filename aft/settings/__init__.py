"""EDGE: the built-in baseline settings, one file each, loaded by entry point."""
