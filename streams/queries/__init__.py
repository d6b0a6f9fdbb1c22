"""Reading what lies in Kafka without taking part: customers' state, dead letters, health."""
