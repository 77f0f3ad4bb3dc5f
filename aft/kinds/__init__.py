"""The kinds aft comes with: a folder each, strangers to each other. Holds no code."""
