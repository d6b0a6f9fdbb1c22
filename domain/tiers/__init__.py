"""Tiers: by balance and pin, a rise at once, a fall after the grace."""
