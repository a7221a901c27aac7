"""What gateways on one database tell each other of themselves."""

from __future__ import annotations

from itertools import pairwise

import pytest

from aldis.app.cluster import digests
from aldis.settings import read

FILE = """
[messages]
validity_s = {validity}
[store]
url = "postgresql://{user}@db/aldis"
retention_days = {days}
[http]
listen = "127.0.0.1:{port}"
[[link]]
name = "demo"
host = "{host}"
port = 2775
password = "{password}"
tls = true
tls_ca = "{ca}"
tps = {tps}
[link.quirks]
data_coding_gsm = {coding}
"""
USUAL = {
    "validity": 3600,
    "user": "a:secret",
    "days": 30,
    "port": 8080,
    "host": "smsc",
    "password": "one",
    "ca": "/etc/ca.pem",
    "tps": 10,
    "coding": 0,
}


def of(**otherwise: object) -> dict[str, str]:
    return digests(read(FILE.format(**{**USUAL, **otherwise}), "test", {}))


@pytest.mark.parametrize(
    ("otherwise", "unequal"),
    [
        ({}, set()),
        ({"user": "b:other"}, set()),
        ({"port": 8081}, set()),
        ({"password": "two"}, set()),
        ({"ca": "/srv/ca.pem"}, set()),
        ({"host": "smsc2"}, {"link `demo`"}),
        ({"tps": 11}, {"link `demo`"}),
        ({"coding": 1}, {"link `demo`"}),
        ({"validity": 3601}, {"[messages]"}),
        ({"days": 31}, {"[store] retention_days"}),
    ],
)
def test_what_must_be_the_same_everywhere_is_compared(
    otherwise: dict[str, object], unequal: set[str]
) -> None:
    one, other = of(), of(**otherwise)
    assert one.keys() == other.keys() == {"link `demo`", "[messages]", "[store] retention_days"}
    assert {name for name in one if one[name] != other[name]} == unequal


def test_a_digest_is_the_same_in_each_process() -> None:
    made = [of() for _ in range(3)]
    assert all(one == other for one, other in pairwise(made))
