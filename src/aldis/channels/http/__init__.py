"""Postbacks by HTTP."""
