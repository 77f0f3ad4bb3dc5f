"""EDGE: the built-in kinds of customization steps, loaded by entry point."""
