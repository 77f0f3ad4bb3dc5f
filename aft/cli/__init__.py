"""The commands: one file per verb; no logic that another caller would need."""
