"""Tiers whose customers are treated unlike from channel to channel, over all partitions."""
