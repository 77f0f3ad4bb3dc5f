"""Ranges of addresses that settings get for the networks of their accounts."""
