"""The setting `iam-roles`."""
