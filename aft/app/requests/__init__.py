"""New account requests, from flags, prompts or an issue form."""
