"""What ``aft doctor`` checks: pure functions from facts to verdicts, each with how to fix it.

Facts that could not be had are ``Unread`` and make a check "not checked", never "fine".
"""
