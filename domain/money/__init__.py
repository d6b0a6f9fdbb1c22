"""Money: transactions, balances over all accounts, and amounts that stand out."""
