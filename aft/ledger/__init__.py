"""AUDIT: what was meant, started and done, as events, and the state they add up to."""
