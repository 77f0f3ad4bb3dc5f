"""The pull request's comment and the run's report."""
