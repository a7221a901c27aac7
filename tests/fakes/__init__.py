"""Real implementations of what stands around the gateway: a clock, a carrier's socket, a customer's server."""
