"""ACTUAL: the organization as AWS reports it, and the OU tree as the repository wants it."""
