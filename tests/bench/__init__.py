"""The performance promises, measured: counts and ratios in one run (``make bench``)."""
