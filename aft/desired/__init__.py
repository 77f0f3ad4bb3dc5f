"""DESIRED: account requests and the repository around them, from files to ``DesiredState``."""
