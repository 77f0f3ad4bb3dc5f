"""EDGE: the built-in baseline settings on ``shapes``, loaded by entry point."""
