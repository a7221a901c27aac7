"""A real SMSC to talk to: an SMPP server with handsets behind it that misbehaves on demand. For the demo and
for tests.
"""
