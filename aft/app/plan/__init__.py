"""Planning against the live or the published organization, and what goes with a plan."""
