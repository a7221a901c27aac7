"""What decides what is written, whatever the engine: pure, on what a backend has read in its transaction."""
