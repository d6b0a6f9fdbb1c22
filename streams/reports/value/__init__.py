"""The report of value, and the models of customer lifetime value fitted to a history."""
