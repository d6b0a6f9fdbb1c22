"""What a worker's partitions did, kept so that a replay gives the same outputs byte for byte."""
