"""The operations: what is written in one transaction, and the reads that it needs."""
