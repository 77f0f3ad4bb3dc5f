"""Account providers: who creates accounts, a folder each, loaded by entry point."""
