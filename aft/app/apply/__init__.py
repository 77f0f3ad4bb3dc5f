"""Carrying out: apply, the review gate in front of it, and the worker that repeats it."""
