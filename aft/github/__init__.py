"""GitHub's REST API: the only package that talks to it. Knows nothing of plans or of git.

``client`` makes calls; one module per object of the API is a part of the adapter in ``forge``,
which also reads the environment. What only ``aft doctor`` looks at (``settings``) is not part of
it. Raises ``aft.errors`` only.
"""
