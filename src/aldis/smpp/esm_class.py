"""The bits of esm_class. Source: SMPP v3.4 §5.2.12."""

from __future__ import annotations

#: the message starts with a user data header
UDHI = 0x40
#: bits 5-2: what kind of delivery this is
KIND_MASK = 0x3C
RECEIPT = 0x04
INTERMEDIATE = 0x20
