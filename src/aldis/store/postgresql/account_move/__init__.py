"""Moves an account to another cell (docs/decisions/0034-moving-an-account.md)."""
