"""The sub-stores, a file each."""
