"""What others are to hear of: found in the ledger, delivered at least once."""
