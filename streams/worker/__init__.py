"""The process that runs in production: tasks, metrics, pages, logs."""
