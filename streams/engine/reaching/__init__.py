"""Whether Kafka can be reached, and if not, why: a connection of our own that says what is wrong.

Kafka's clients try again and end with a timeout, whatever the cause. So where one fails, or is
about to be opened by a command, the way is gone step by step (:mod:`.probe`): name, connection,
TLS, versions, login, the brokers' own addresses. The first step that fails is the cause.
"""
