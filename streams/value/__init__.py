"""Customer value offline: purchase histories from a file, and models of value fitted to them."""
