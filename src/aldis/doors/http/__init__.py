"""The HTTP door: a guarded server, one raw ASGI app, a route table of dialects."""
