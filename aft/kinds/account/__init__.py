"""Accounts, from outside: their existence, place, name, tags and binding."""
