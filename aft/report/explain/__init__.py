"""Where effective values come from, as text and JSON."""
