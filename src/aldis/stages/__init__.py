"""What happens to messages, one folder a stage. Stages meet only in the store; none imports another."""
