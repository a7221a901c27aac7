"""A signed request counts once, however many others come; and what is remembered is bounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.stages.nonces import BUCKET_S, REMEMBER_S, SIGNED_S, Nonces
from aldis.traffic.refusal import Refusal, RefusalReason

NOW = 1_795_000_000
USED = Refusal(RefusalReason.NONCE_USED)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (("key", NOW, "a"), USED),
        (("key", NOW, "b"), None),
        (("key", NOW + 1, "a"), None),
        (("another", NOW, "a"), None),
        (("key", NOW, "a\ud800"), None),
        (("key", NOW, ""), None),
    ],
)
def test_a_nonce_is_of_its_credential_and_timestamp(
    other: tuple[str, int, str], expected: Refusal | None
) -> None:
    nonces = Nonces(10)
    assert nonces.take("key", NOW, "a", 0.0) is None
    assert nonces.take(*other, 0.0) == expected


def test_too_many_are_said_to_be_and_only_of_their_credential() -> None:
    nonces = Nonces(3)
    assert [nonces.take("key", NOW, str(n), 1000.0) for n in range(3)] == [None] * 3
    assert nonces.take("key", NOW, "3", 1020.0) == Refusal(RefusalReason.THROTTLED, "oauth_nonce", "40")
    assert nonces.take("key", NOW, "0", 1020.0) == USED
    assert nonces.take("another", NOW, "3", 1020.0) is None
    assert nonces.take("key", NOW, "3", 1000.0 + BUCKET_S) is None


@given(
    st.lists(st.tuples(st.floats(0, 400), st.integers(-SIGNED_S, SIGNED_S), st.integers(0, 5)), max_size=80)
)
def test_no_request_counts_twice_while_its_timestamp_does(asked: list[tuple[float, int, int]]) -> None:
    nonces, taken, now = Nonces(1000), dict[tuple[int, int], float](), 0.0
    for pause, skew, nonce in asked:
        now += pause
        timestamp = NOW + int(now) + skew
        repeated = (timestamp, nonce) in taken
        answer = nonces.take("key", timestamp, str(nonce), now)
        assert answer == (USED if repeated else None)
        taken.setdefault((timestamp, nonce), now)


def test_what_is_old_is_forgotten_also_of_credentials_that_are_gone() -> None:
    nonces, now = Nonces(100), 0.0
    for number in range(10_000):
        nonces.take(f"key {number}", NOW, "a", now)
        now += 1.0
    assert len(nonces._buckets) <= (REMEMBER_S + 2 * BUCKET_S) / BUCKET_S
    assert (
        sum(len(seen) for _, bucket in nonces._buckets for seen in bucket.values())
        <= REMEMBER_S + 2 * BUCKET_S
    )
