"""What the built-in settings have in common: a setting is what is particular about it."""
