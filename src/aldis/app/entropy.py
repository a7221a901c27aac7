"""Randomness, as it enters the gateway: from the kernel."""

from __future__ import annotations

import os
import secrets
import struct


def jitter() -> float:
    """Draw from 0..1, for jitter."""
    return secrets.randbits(32) / 2**32


def token(octets: int) -> str:
    """Draw what nobody can guess, as text that an address may hold."""
    return secrets.token_urlsafe(octets)


class Entropy:
    """Random bits from the kernel, fetched by the page: a system call for each request would be felt."""

    PAGE = 4096
    WORD = struct.Struct("Q")

    def __init__(self) -> None:
        self._words: list[int] = []

    def __call__(self, bits: int) -> int:
        """Give up to 64 bits that nobody can guess."""
        if not self._words:
            self._words = [word for (word,) in self.WORD.iter_unpack(os.urandom(self.PAGE))]
        return self._words.pop() >> (8 * self.WORD.size - bits)
