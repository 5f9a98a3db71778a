"""Webhooks: those who subscribed are told of verdicts and decisions."""
