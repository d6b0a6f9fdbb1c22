"""Complaints: their steps and promises, escalation, compensation, and issues that many share."""
