"""What may be the name of a host, how it is looked up, and what reading it costs at most."""

from __future__ import annotations

import encodings.idna
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.addresses import host_and_port, http_fault
from aldis.host_names import MAX_LABEL, MAX_NAME, ascii_host, host_fault, read_host

LONG_LABEL = f"has a label longer than {MAX_LABEL} octets"
LONG_NAME = f"is longer than {MAX_NAME} octets"
EMPTY_LABEL = "has an empty label"
BAD = "holds what no host name may"
NO_A_LABEL = "has a label that cannot become an A-label (RFC 3490)"


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("customer.example", "customer.example"),
        ("CUSTOMER.example.", "customer.example."),
        ("localhost", "localhost"),
        ("my_service", "my_service"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BU\u0308CHER.example", "xn--bcher-kva.example"),  # decomposed
        ("straße.example", "xn--strae-oqa.example"),  # not strasse.example, which is another's (UTS #46)
        ("fa\u1e9e.example", "xn--fa-hia.example"),
        ("βόλος.example", "xn--nxasmm1c.example"),
        ("نامه\u200cای.example", "xn--mgba3gch31f060k.example"),
        ("☃.example", "xn--n3h.example"),  # IDNA 2003 alone
        ("𞤀𞤣𞤤𞤢𞤥.example", "xn--9d6haceg.example"),  # Adlam, which is younger
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("пример.испытание", "xn--e1afmkfd.xn--80akhbyknj4f"),
        ("مثال.إختبار", "xn--mgbh0fb.xn--kgbechtv"),
        ("\u200b.example", ""),  # nothing is left of it
        ("a" * 63 + ".example", "a" * 63 + ".example"),
        (".".join(["a" * 61] * 4) + ".abcde", ".".join(["a" * 61] * 4) + ".abcde"),  # 253
        ("127.0.0.1", "127.0.0.1"),
        ("127.1", "127.1"),
        ("0x7f.1", "0x7f.1"),
        ("::1", "::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
    ],
)
def test_how_a_host_is_looked_up(host: str, name: str) -> None:
    assert read_host(host).name == name


@pytest.mark.parametrize(
    ("host", "fault"),
    [
        ("", EMPTY_LABEL),
        (".", EMPTY_LABEL),
        ("a..example", EMPTY_LABEL),
        (".example", EMPTY_LABEL),
        ("a。。example", EMPTY_LABEL),
        ("a" * 64 + ".example", LONG_LABEL),
        ("é" * 60 + ".example", LONG_LABEL),
        ("".join(chr(0x4E00 + 137 * i) for i in range(40)), NO_A_LABEL),  # too long
        ("\ufdfa" * 4 + ".example", LONG_LABEL),  # eighteen characters, once it is normalised
        (".".join(["a" * 61] * 4) + ".abcdef", LONG_NAME),  # 254
        ("a." * 127 + "b", LONG_NAME),
        (".".join(["é"] * 40), LONG_NAME),
        ("a" * 100_000, LONG_NAME),
        ("é" * 100_000, LONG_NAME),
        ("exa mple.com", BAD),
        ("ex%61mple.com", BAD),
        ("a/b", BAD),
        ("[::1]", "is no address of IPv6"),
        ("a:b", "is no address of IPv6"),
        ("a\u2024b.example", BAD),  # a dot, once it is normalised
        ("\u2100.example", BAD),  # a/c
        ("a\uff0fb.example", BAD),
        ("\ud800.example", NO_A_LABEL),
        ("a\0b", BAD),
        ("אa.example", NO_A_LABEL),  # right to left and left to right in one label
        ("999.1.1.1", "ends in a number and is no address"),
        ("1.2.3.4.5", "ends in a number and is no address"),
        ("customer.123", "ends in a number and is no address"),
    ],
)
def test_what_can_be_no_host(host: str, fault: str) -> None:
    assert host_fault(host) == fault
    with pytest.raises(ValueError, match="host name"):
        ascii_host(host)


@given(st.text(max_size=300))
def test_whatever_is_read_can_be_resolved_or_is_refused(host: str) -> None:
    found = read_host(host)
    assert bool(found.name) is not bool(found.fault)
    if found.name and ":" not in host:
        labels = found.name.removesuffix(".").encode("ascii").split(b".")
        assert all(0 < len(label) <= MAX_LABEL for label in labels)
        assert sum(map(len, labels)) + len(labels) - 1 <= MAX_NAME
        assert read_host(found.name) == found


@pytest.fixture
def converted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The labels that were converted."""
    labels: list[str] = []
    convert: Callable[[str], bytes] = encodings.idna.ToASCII

    def note(label: str) -> bytes:
        labels.append(label)
        return convert(label)

    monkeypatch.setattr(encodings.idna, "ToASCII", note)
    read_host.cache_clear()
    return labels


@pytest.mark.parametrize("host", ["é" * 60, ".".join(["é"] * 50), "é" * 100_000, "a..é", "\ufdfa" * 63])
def test_what_is_too_long_is_not_converted(host: str, converted: list[str]) -> None:
    assert host_fault(host)
    assert converted == []


@pytest.mark.parametrize("host", ["é.example", "אa.example", "例" * 40 + ".example"])
def test_a_name_is_converted_once_whatever_came_of_it(host: str, converted: list[str]) -> None:
    for _ in range(3):
        host_fault(host)
    assert converted == [host.partition(".")[0]]


@given(st.lists(st.text(min_size=1, max_size=80), min_size=1, max_size=130).map(".".join))
def test_the_price_of_a_name_is_bounded(host: str) -> None:
    spent: list[str] = []
    convert: Callable[[str], bytes] = encodings.idna.ToASCII

    def note(label: str) -> bytes:
        spent.append(label)
        return convert(label)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encodings.idna, "ToASCII", note)
        read_host.cache_clear()
        read_host(host)
    assert sum(map(len, spent)) <= MAX_NAME


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("https://bücher.example/", ""),
        ("https://user:password@customer.example:8443/a?b", ""),
        (f"https://{'a' * 64}.example/", f"has a host name that {LONG_LABEL}"),
        ("https://a..example/", f"has a host name that {EMPTY_LABEL}"),
        ("https://a%2eexample/", f"has a host name that {BAD}"),
        ("https://x:0/", "is no http or https address"),
        ("https://x:99999/", "is no http or https address"),
        ("https://[::1/", "is no http or https address"),
        ("//x/", "is no http or https address"),
    ],
)
def test_an_address_is_checked_by_what_will_be_done_with_it(url: str, fault: str) -> None:
    assert http_fault(url) == fault


@pytest.mark.parametrize("listen", [f"{'a' * 64}:80", "a..b:80", "999.0.0.1:80", "[::x]:80", "a b:80"])
def test_where_nobody_can_listen(listen: str) -> None:
    with pytest.raises(ValueError, match="host name"):
        host_and_port(listen)
