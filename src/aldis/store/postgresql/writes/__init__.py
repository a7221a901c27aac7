"""What is written: an operation a function."""
