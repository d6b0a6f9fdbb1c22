"""Live segments of a partition: who is in which, and what is said when that changes."""
