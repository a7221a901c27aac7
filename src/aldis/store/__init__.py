"""What is kept: one narrow contract, its backends in folders beside it."""
