"""Who stands out: lighthouse customers, whom to approach with care, prospects."""
