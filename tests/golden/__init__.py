"""Frozen scenarios: what the command line says and leaves (``test_scenarios.py``)."""
