"""The topics of an application: what each must be like, making them, comparing what exists."""
