"""Sending: claims queued messages for one link, paces them, submits their segments and settles what came of
it.
"""
