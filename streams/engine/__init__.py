"""The exactly-once engine: transport, partition tasks, transactions, changelog, clock."""
