"""SMPP v3.4 without I/O: octets in, events out; one core for the client and for the server end. No sockets,
no clock.
"""
