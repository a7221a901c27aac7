"""A person at the console, in a real browser; `make e2e`."""
