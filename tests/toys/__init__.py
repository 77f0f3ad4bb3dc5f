"""Kinds that live in tests alone: to show that a kind is a folder and one line of registration.

``organization-tag`` is a plain one. ``toy-policy`` and ``toy-attachment`` are a pair: the id of a
new one is used by the other, by OUs and by accounts, and one is taken away only after the other.
"""
