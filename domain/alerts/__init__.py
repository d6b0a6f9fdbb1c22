"""Alerts: what rules want told, judged once at the end; limits, priority and the desk."""
