"""The pages that people look at: the desk, a customer."""
