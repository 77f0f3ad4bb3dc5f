"""What ``aft doctor`` checks, as pure functions over facts."""
