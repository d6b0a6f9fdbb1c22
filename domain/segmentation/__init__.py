"""Segments: micro-clusters by customer, their summaries, the model fitted on them, assignment."""
