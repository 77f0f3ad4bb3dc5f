"""WHAT ONE ACCOUNT GETS: folders of ordered steps, and how templates are rendered."""
