"""Connections, transactions and reads, before anything is said of what is kept."""
