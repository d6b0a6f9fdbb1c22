"""The customer briefing: a numbered page of a week or month, from the figures of the reports."""
