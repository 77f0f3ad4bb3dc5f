"""COMPOSITION: repository, configuration and adapters become the use cases behind the verbs.

The command line and the worker are its callers; it prints nothing.
"""
