"""Baseline settings inside accounts."""
