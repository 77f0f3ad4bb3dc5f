"""Python steps, in a process of their own."""
