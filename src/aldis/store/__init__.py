"""What is kept: the contract, what one owner keeps in memory, and the backends in folders beside them."""
