"""Peers that nobody here wrote, on loopback: `make interop` installs and runs them."""
