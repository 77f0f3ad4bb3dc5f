"""GitHub's REST API: the only package that talks to it. Knows nothing of plans or of git.

``context`` reads the environment, ``client`` makes calls; one module per object of the API takes
a ``GitHubClient`` and returns frozen dataclasses. Raises ``aft.errors`` only.
"""
