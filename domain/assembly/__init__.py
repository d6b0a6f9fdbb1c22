"""What is made of all subjects: the context, what a population knows, a customer's figures."""
