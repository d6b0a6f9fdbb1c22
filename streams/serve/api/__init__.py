"""The API `/v1`, a file for each subject."""
