"""What is read: a function a question."""
