"""What goes wrong with a purchase history, in one line that says what to do."""


class ValueFileError(Exception):
    """A history that cannot be used; the message says where, what was found and what must hold."""
