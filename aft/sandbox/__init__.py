"""A simulated AWS organization on this machine: moto, made strict."""
