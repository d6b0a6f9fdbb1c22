"""One customer: the records its state is made of, its newest events, and what is said of it."""
