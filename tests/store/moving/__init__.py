"""Moves of a store from one engine to another."""
