"""EDGE: the only package that talks to git (pygit2)."""
