"""A child process for a step: its directory, its output, its end."""
