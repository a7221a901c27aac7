"""Queries: what customers ask besides sending: balance, status, usage, carriers; and small changes."""
