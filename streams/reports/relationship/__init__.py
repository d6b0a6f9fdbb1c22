"""The report of relationships."""
