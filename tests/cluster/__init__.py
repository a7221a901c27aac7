"""Faults at the database: primaries, standbys, and the ways to them."""
