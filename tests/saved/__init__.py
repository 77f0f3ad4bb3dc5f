"""Organizations saved with earlier versions: later code must read them and find nothing to do."""
