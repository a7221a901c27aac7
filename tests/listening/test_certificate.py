"""A listener's certificate follows its files, and nothing that is half written takes it away."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import pytest
from tests.fakes.certificates import self_signed

from aldis.errors import SettingsError
from aldis.listening.certificate import LOOK_S, ShownCertificate

pytestmark = pytest.mark.slow


def shown_by(context: ssl.SSLContext) -> bytes:
    """Shake hands in memory; gives the certificate that a client sees."""
    client = ssl.create_default_context()
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(to_client, to_server)
    answering = context.wrap_bio(to_server, to_client, server_side=True)
    for end in (asking, answering, asking):
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue
    seen = asking.getpeercert(binary_form=True)
    assert seen is not None
    return seen


def der_of(certificate: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert(certificate.read_text())


def test_a_renewed_certificate_is_shown(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, "old")
    old, written_at = der_of(certificate), certificate.stat().st_mtime_ns
    shown = ShownCertificate("the door", certificate, key)
    assert shown_by(shown.context(100)) == old
    (tmp_path / "new").mkdir()
    renewed = self_signed(tmp_path / "new", "new")
    new = der_of(renewed[0])
    for number, (path, from_path) in enumerate(zip((certificate, key), renewed, strict=True), start=1):
        assert shown_by(shown.context(100 + number * LOOK_S)) == old  # also while only one is written
        path.write_bytes(from_path.read_bytes())
        os.utime(path, ns=(written_at, written_at + number))
    assert shown_by(shown.context(100 + 2.9 * LOOK_S)) == old  # looked at not long ago
    assert shown_by(shown.context(100 + 3 * LOOK_S)) == new


def test_peers_speak_tls_1_2_or_better_with_forward_secrecy(tmp_path: Path) -> None:
    context = ShownCertificate("the door", *self_signed(tmp_path, "x")).context(0)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    names = [cipher["name"] for cipher in context.get_ciphers()]
    assert [name for name in names if not name.startswith(("TLS_", "ECDHE-", "DHE-"))] == []
    assert [name for name in names if "PSK" in name or "SRP" in name or name.endswith("-SHA")] == []
    assert any("GCM" in name for name in names)


@pytest.mark.parametrize("content", [b"", b"no certificate", None])
def test_what_is_no_certificate_takes_none_away(tmp_path: Path, content: bytes | None) -> None:
    certificate, key = self_signed(tmp_path, "x")
    old = der_of(certificate)
    shown = ShownCertificate("the door", certificate, key)
    if content is None:
        certificate.unlink()
    else:
        certificate.write_bytes(content)
        os.utime(certificate, ns=(1, 1))
    assert shown_by(shown.context(LOOK_S)) == old
    with pytest.raises(SettingsError, match="the certificate of the console cannot be used"):
        ShownCertificate("the console", certificate, key)
