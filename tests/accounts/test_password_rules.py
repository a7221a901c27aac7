"""Which passwords people may choose."""

from __future__ import annotations

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.accounts.password_rules import LONGEST, SHORTEST, _common, fault_of

CONTEXT = ("ada.lovelace", "sms-gw1.example.net")
WORDS = ["password", "dragon", "monkey", "qwerty", "letmein", "football", "sunshine", "master"]


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short",
        "elevenchars",
        "x" * (LONGEST + 1),
        "aaaaaaaaaaaa",
        "123456789012",
        "210987654321",
        "abcdefghijklmnop",
        "qwertyuiop123",
        "qwertzuiopasdf",
        "abcabcabcabcabc",
        "lq7lq7lq7lq7lq7",
        "1q2w3e4r5t6y",
        "password1234",
        "Password1234!",
        "P@$$w0rd2026",
        "P@ssw0rd!!!!!!",
        "ｐａｓｓｗｏｒｄ１２３４",
        "Welcome2026!!",
        "Summer2025!x",
        "monkeymonkeymonkey",
        "dragon password",
        "adaadaadaadaada",
        "Lovelace2026!!",
        "ada.lovelace1",
        "aldisaldis1999",
        "aldis-sms-gw1",
        "sms-gw1.example.net",
        "EXAMPLE!example",
        "christopher1",
        "iloveyou1234567890",
    ],
)
def test_what_is_guessed_early_is_refused(password: str) -> None:
    assert fault_of(password, CONTEXT)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "tide-gravel-moth-9",
        "xK7#pLm2vQz9",
        "пять жирных тюленей",
        "ada likes grey tides",
        "vierzig krumme Nägel",
        "春眠不覚暁処処聞啼鳥夜来風雨声",
        "x" * 3 + "tQ9rv0kWm",
        "y7" + "tide gravel moth " * 50,
    ],
)
def test_what_is_long_and_unusual_is_taken(password: str) -> None:
    assert fault_of(password, CONTEXT) == ""


@given(st.integers(9, 24))
def test_what_is_drawn_is_taken(octets: int) -> None:
    assert fault_of(secrets.token_urlsafe(octets), CONTEXT) == ""


@given(st.sampled_from(WORDS), st.sampled_from(["", "1", "123", "!", "2026", "!!!"]), st.booleans())
def test_no_dress_makes_a_common_one_a_good_one(word: str, end: str, upper: bool) -> None:  # noqa: FBT001
    dressed = (word.upper() if upper else word.capitalize()) + end
    assert fault_of(dressed.ljust(SHORTEST, "1"), CONTEXT)


@given(st.text(max_size=LONGEST))
def test_any_text_is_judged(password: str) -> None:
    assert isinstance(fault_of(password, (password, "", "\ud800")), str)


def test_a_password_that_is_the_login_or_host_is_refused() -> None:
    assert fault_of("marmalade-cat", ("marmalade-cat", ""))
    assert fault_of("marmalade-cat", ("", "marmalade-cat"))
    assert fault_of("marmalade-cat", ("", "")) == ""


def test_the_list_is_what_it_says() -> None:
    words = _common()
    assert all(len(word) >= 4 and word == word.casefold() for word in words)
    assert sum(len(word) < SHORTEST for word in words) > 1_900
    assert sum(len(word) >= SHORTEST for word in words) >= 5_000


def test_three_thousand_that_nothing_but_the_list_refuses_are_refused() -> None:
    """So many common ones that keep to the other rules are asked for by OWASP ASVS 5.0, 6.2.4."""
    words = _common()
    assert all(fault_of(word, ()) for word in words if len(word) >= SHORTEST)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "aldis.accounts.password_rules._common", lambda: {word for word in words if len(word) < SHORTEST}
        )
        assert sum(not fault_of(word, ()) for word in words if len(word) >= SHORTEST) >= 3_000
