"""Inbound: what handsets send is put together, given to whom it belongs, and kept before the carrier hears
yes.
"""
