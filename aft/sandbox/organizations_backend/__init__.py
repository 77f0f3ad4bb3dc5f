"""AWS Organizations, simulated strictly: our own state, our own rules."""
