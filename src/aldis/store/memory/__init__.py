"""What a single owner keeps in memory and in files of its own, beside any backend."""
