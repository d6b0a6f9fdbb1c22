"""Who will answer a mailing, and why: one model over all customers, learnt as answers are known."""
