"""Campaigns: what each customer met of them, what they cost and brought over all customers."""
