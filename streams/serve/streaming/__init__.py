"""Server-sent events: what comes out, to many clients, each from where it was."""
