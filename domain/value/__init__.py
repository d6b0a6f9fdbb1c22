"""What a customer is worth: purchases, recency, frequency, value, and what is expected."""
