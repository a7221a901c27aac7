"""The store over PostgreSQL 15 or newer: one primary, and as many gateways as there are."""
