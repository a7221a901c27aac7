"""The demo: a world to play in, a receiver for its postbacks, and four messages that show the way."""
