"""The pull request flow on any forge: comments, reviewed states, issues."""
