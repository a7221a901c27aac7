"""Multimedia messages as octets: their parts, their SMIL, and MM7, in which MMSCs are spoken to. Pure."""
