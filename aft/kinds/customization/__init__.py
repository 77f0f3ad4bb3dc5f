"""Steps of customizations inside accounts."""
