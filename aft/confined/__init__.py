"""What others wrote, read in a process with limits."""
