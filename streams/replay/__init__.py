"""The worker's own partitions over a file of events, without a broker, and what they come to."""
