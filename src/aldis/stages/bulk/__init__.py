"""Carries out what is to be sent to many."""
