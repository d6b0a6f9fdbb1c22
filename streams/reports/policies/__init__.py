"""What another policy would change: the same events replayed under two policies, compared."""
