"""GitHub's REST API: the only package that talks to it. Knows nothing of plans or of git.

``context`` reads the environment, ``client`` makes calls; one module per object of the API is a
part of the adapter in ``forge``. What only ``aft doctor`` looks at (``settings``, ``branch_rules``,
``names``) is not part of it. Raises ``aft.errors`` only.
"""
