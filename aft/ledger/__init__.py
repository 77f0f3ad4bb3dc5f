"""AUDIT: what was meant, begun and done, as events, and the state they add up to."""
