"""Gateways that share a database: who is there."""
