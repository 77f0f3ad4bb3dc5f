"""EDGE: the built-in baseline settings, one file each on ``shapes``, loaded by entry point."""
