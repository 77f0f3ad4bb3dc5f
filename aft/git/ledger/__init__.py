"""The ledger as a branch: layout, commits, publication, caches."""
