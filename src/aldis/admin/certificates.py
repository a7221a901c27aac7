"""Looks at a certificate of ours as a client would: does it fit its key, and until when does it hold."""

from __future__ import annotations

import ssl
from pathlib import Path

from aldis.admin.checkup import CheckResult, Finding

_SOON_DAYS = 21
_DAY_S = 86_400


def certificate(what: str, path: Path, key: Path, now_s: float) -> Finding:
    """See whether a certificate and its key can be used, and for how long."""
    try:
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(path, key, password=lambda: "")
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname = False
        client.load_verify_locations(path)
        client.verify_flags |= (
            ssl.VERIFY_X509_PARTIAL_CHAIN
        )  # it vouches for itself: only its dates matter here
        until = ssl.cert_time_to_seconds(_shaken(client, server))
    except ssl.SSLCertVerificationError as fault:
        says = f"{what}: {path}: {fault.verify_message}"
        return Finding("tls", CheckResult.FAIL, says, "Get a new certificate and start Aldis again.")
    except (OSError, ValueError) as fault:
        says = (
            f"{what}: {path}: {getattr(fault, 'reason', None) or getattr(fault, 'strerror', None) or fault}"
        )
        return Finding(
            "tls", CheckResult.FAIL, says, "Give a PEM certificate and the key that belongs to it."
        )
    days = int((until - now_s) // _DAY_S)
    says = f"{what}: {path} holds for {days} more days"
    if days < _SOON_DAYS:
        return Finding("tls", CheckResult.WARN, says, "Renew it.")
    return Finding("tls", CheckResult.OK, says)


def _shaken(client: ssl.SSLContext, server: ssl.SSLContext) -> str:
    """Shake hands in memory; returns until when the server's certificate holds."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(to_client, to_server), server.wrap_bio(to_server, to_client, server_side=True)]
    waiting = list(ends)
    while waiting:
        for end in list(waiting):
            try:
                end.do_handshake()
                waiting.remove(end)
            except ssl.SSLWantReadError:
                continue
    peer = ends[0].getpeercert() or {}
    return str(peer["notAfter"])
