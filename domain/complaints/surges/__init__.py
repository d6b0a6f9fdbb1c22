"""Systemic issues: many complaints of one kind in one hour, over all partitions."""
