"""Experience and satisfaction: what a customer lives through, expects, and tells others.

One subject a file. The pure rules take what is known and give what follows from it; ``record`` and
``figures`` bring them to one customer's state, ``scorecards`` and ``portfolio`` to many customers.
"""
