"""The report on campaigns."""
