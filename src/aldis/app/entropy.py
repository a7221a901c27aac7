"""Randomness, as it enters the gateway: from the kernel."""

from __future__ import annotations

import os
import secrets


def luck() -> float:
    """Draw from 0..1, for jitter."""
    return secrets.randbits(32) / 2**32


class Entropy:
    """Random bits from the kernel, fetched by the page: a system call for each request would be felt."""

    PAGE = 4096
    WORD = 8

    def __init__(self) -> None:
        self._page = b""
        self._at = 0

    def __call__(self, bits: int) -> int:
        """Give up to 64 bits that nobody can guess."""
        if self._at >= len(self._page):
            self._page, self._at = os.urandom(self.PAGE), 0
        word = int.from_bytes(self._page[self._at : self._at + self.WORD], "big")
        self._at += self.WORD
        return word >> (8 * self.WORD - bits)
