"""What people and machines read: text, Markdown, JSON, GitHub annotations, SARIF."""
