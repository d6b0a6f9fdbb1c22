"""Kafka and Faust: how records come in, are kept exactly once, and go out."""
