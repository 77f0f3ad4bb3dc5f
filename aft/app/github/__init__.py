"""The pull request flow: comments, reviewed states, issues."""
