"""What is wrong, where, and what to do: the model, the codes, and validation."""
