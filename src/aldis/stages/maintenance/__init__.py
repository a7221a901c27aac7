"""Maintenance: ends what waited too long, forgets what is old, follows changes of the directory."""
