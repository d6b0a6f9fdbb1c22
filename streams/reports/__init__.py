"""Reports over all customers: read, worked out by the rules' portfolios, and told three ways."""
