"""Python steps, in their own process."""
