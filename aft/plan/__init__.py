"""DIFFERENCE: desired state against snapshot gives a plan, which is inert data."""
