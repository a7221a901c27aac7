"""The certificate that a listener shows: read when it starts, and again when its files have changed."""

from __future__ import annotations

import ssl
from pathlib import Path

import structlog

from aldis.errors import SettingsError

log = structlog.get_logger()

#: of TLS 1.2, those with forward secrecy alone: what Python sets by itself, and what Debian's does not, which
#: leaves OpenSSL's own list as it is
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:DHE+AES:!PSK:!SRP:!aNULL:!aDSS:!SHA1:!AESCCM"
#: how often the files are looked at, at most; only while somebody shakes hands
LOOK_S = 10.0


class ShownCertificate:
    """A certificate and its key. Raises SettingsError when they are no good at the start; those read last are
    kept later on, as while a renewal has written one file of the two.
    """

    def __init__(self, name: str, certificate: Path, key: Path | None) -> None:
        """`name`: whose it is, for faults."""
        self._name = name
        self._certificate = certificate
        self._key = key
        self._looked_at = 0.0
        self._written_at = self._times()
        try:
            self._context = self._read()
        except (OSError, ssl.SSLError) as fault:
            raise SettingsError([f"the certificate of {name} cannot be used: {fault}"]) from None

    def context(self, now: float) -> ssl.SSLContext:
        """Give what shows it. `now`: seconds of any clock that never goes back."""
        if now - self._looked_at >= LOOK_S:
            self._looked_at = now
            written_at = self._times()
            if written_at != self._written_at:
                self._written_at = written_at
                self._read_again()
        return self._context

    def _read_again(self) -> None:
        try:
            self._context = self._read()
        except (OSError, ssl.SSLError) as fault:
            log.warning(
                "a new certificate cannot be used: the old one is kept", of=self._name, fault=str(fault)
            )
        else:
            log.info("a new certificate is used", of=self._name)

    def _read(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(CIPHERS)
        context.options |= ssl.OP_NO_RENEGOTIATION  # a handshake costs us more than a peer
        context.load_cert_chain(self._certificate, self._key)
        return context

    def _times(self) -> list[int]:
        return [_written_at(path) for path in (self._certificate, self._key) if path is not None]


def _written_at(path: Path) -> int:
    """Tell when a file was written, in nanoseconds; 0 where it is not there."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
