"""`aft.yaml`: its model, its file, and what a pull request may not change of it."""
