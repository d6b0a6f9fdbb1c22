"""The Kafka cluster: a local broker for a machine without one, and the topics."""
