"""WHAT EVERY ACCOUNT GETS: baselines, their settings, and which account gets which."""
