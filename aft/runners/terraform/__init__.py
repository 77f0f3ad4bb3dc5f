"""Terraform and OpenTofu steps."""
