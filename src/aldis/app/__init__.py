"""The composition roots: alone in knowing every concrete class. Whatever is not deterministic (time,
randomness, sockets, disk) enters the gateway here and nowhere else.

`gateway.py` is the gateway's process, `back_office.py` that of its writer, which must not load what it does
not need: nothing is imported here.
"""
