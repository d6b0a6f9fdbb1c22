"""How a report is told: a document as a value, and its forms as text, page and pictures."""
