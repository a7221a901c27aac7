"""Upstream connections: what sending submits through and receipts come in by."""
