"""Postbacks: tells customers what became of their messages, each endpoint in a lane of its own."""
