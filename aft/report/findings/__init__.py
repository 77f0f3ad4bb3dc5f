"""Findings as text, annotations and SARIF."""
