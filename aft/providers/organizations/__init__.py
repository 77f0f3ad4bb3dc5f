"""The provider `organizations`: AWS Organizations creates the accounts."""
