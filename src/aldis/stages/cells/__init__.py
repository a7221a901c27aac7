"""What holds in all cells: the directory, consents, receipts that came to the wrong one."""
