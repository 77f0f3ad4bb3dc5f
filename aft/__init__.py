"""aft: git is the front door to AWS accounts."""

__version__ = "0.1.0"
