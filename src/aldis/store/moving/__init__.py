"""Moves a store to another engine while a gateway serves it (docs/decisions/0032-moving-a-store.md)."""
