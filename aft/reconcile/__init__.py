"""APPLY: carries a plan out through ports; every effect of aft happens here."""
