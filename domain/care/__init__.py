"""Care: plans and occasions, tasks and what becomes of them."""
