"""Sending: claims queued messages for one link, paces them, submits their segments and records what came of
it.
"""
