"""APPLY: carries a plan out through the ports, and writes every step to the ledger.

Reading order: ``port`` (jobs, and who carries them out), ``run`` (from first event to last),
``local`` with ``schedule`` and ``lanes`` (who goes when), ``run_change`` (one change), ``creation``
with ``intents`` and ``watch`` (the call that cannot be taken back), ``waiting``. It
knows neither AWS nor git, and decides nothing that the plan has not said, except how to settle a
doubt by looking.
"""
