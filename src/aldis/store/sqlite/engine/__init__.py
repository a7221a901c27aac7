"""What every operation stands on: connections, transactions, group commit. Knows no operation."""
