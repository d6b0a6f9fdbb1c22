"""The report of experience."""
