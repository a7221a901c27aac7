"""The store's conformance suite and what only SQLite promises."""
