"""Strict in-memory stand-ins for the ports: stateful like the world, and as unforgiving."""
