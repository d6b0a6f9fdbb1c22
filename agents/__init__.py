"""Which topic meets which rule: topologies as values, and the Faust agents that feed them."""
