"""TLS of a link: it always verifies its peer, and may show who we are."""

from __future__ import annotations

import ssl

from aldis.errors import SettingsError


def context(link: str, authorities: str, certificate: str, key: str) -> ssl.SSLContext:
    """Make the context; `authorities` is "" for the system's own. Raises SettingsError that names the key."""
    try:
        made = ssl.create_default_context(cafile=authorities or None)
    except OSError as fault:
        raise SettingsError([f"tls_ca of link `{link}`: {fault.strerror or fault}"]) from None
    if not certificate:
        return made
    try:
        made.load_cert_chain(certificate, key, password=_refuse)
    except (OSError, ValueError) as fault:
        why = getattr(fault, "strerror", None) or fault
        raise SettingsError([f"tls_certificate and tls_key of link `{link}`: {why}"]) from None
    return made


def _refuse() -> str:
    """Nobody sits at a service's terminal to be asked for a passphrase."""
    raise ValueError("an encrypted key cannot be used")
