"""The place where pull requests live, as the flow sees it: a port, its values, and texts for it."""
