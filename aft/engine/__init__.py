"""APPLY: carries a plan out through the ports, and writes every step to the ledger.

Reading order: ``model`` (what goes in and comes out), ``schedule`` and ``executor`` (who goes
when), ``steps`` (one function per kind of change), ``creation`` with ``intents`` and ``watch``
(the call that cannot be taken back), ``retry`` and ``pause`` (waiting). It knows neither AWS nor
git, and decides nothing that the plan has not said, except how to settle a doubt by looking.
"""
