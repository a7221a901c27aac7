"""What only reads, on any connection."""
