"""A database's URL is read whole, and shows its password to nobody."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.errors import SettingsError
from aldis.store.postgresql.engine.address import read_address

#: url, for each host what is connected to, and what people see
READ = [
    ("postgresql://h/d", ["postgresql://h/d"], "postgresql://h/d"),
    ("postgres://u@h:5433/d", ["postgres://u@h:5433/d"], "postgresql://h:5433/d"),
    (
        "postgresql://u:p%40@a,b:6432/d?sslmode=verify-full",
        ["postgresql://u:p%40@a/d?sslmode=verify-full", "postgresql://u:p%40@b:6432/d?sslmode=verify-full"],
        "postgresql://a,b:6432/d",
    ),
    (
        "postgresql://u:p@[::1]:5432,[fd00::2]/d",
        ["postgresql://u:p@[::1]:5432/d", "postgresql://u:p@[fd00::2]/d"],
        "postgresql://[::1]:5432,[fd00::2]/d",
    ),
    ("postgresql:///d?host=/run/postgresql", ["postgresql:///d?host=/run/postgresql"], "postgresql:///d"),
    ("postgresql://u@%2Frun%2Fpostgresql/d", ["postgresql://u@%2Frun%2Fpostgresql/d"], "postgresql://%2Frun%2Fpostgresql/d"),
    ("postgresql://h/d?password=secret&user=u", ["postgresql://h/d?password=secret&user=u"], "postgresql://h/d"),
    ("postgresql://", ["postgresql://"], "postgresql://"),
]  # fmt: skip


@pytest.mark.parametrize(("url", "each", "shown"), READ)
def test_a_url_is_one_for_each_host(url: str, each: list[str], shown: str) -> None:
    address = read_address(url)
    assert list(address.urls) == each
    assert address.shown == shown
    assert repr(address) == f"Address({shown})"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sqlite:///aldis.db",
        "postgresql:/h/secret",
        "postgresql://u:se/cret@h/d",
        "postgresql://u:se?cret@h/d",
        "postgresql://u:se#cret@h/d",
        "postgresql://u:sec@ret@h/d",
        "postgresql://u:secret@h:port/d",
        "postgresql://u:secret@h,/d",
        "postgresql://u:secret@h/d?sslmode",
        "postgresql://u:secret@h/d e",
        "postgresql://u:secret@h/d\n",
    ],
)
def test_what_cannot_be_read_is_not_quoted(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_address(url)
    for part in ("secret", "cret", "ret@"):
        assert part not in str(refused.value)


@given(st.text(min_size=6))
def test_no_password_is_shown(password: str) -> None:
    address = read_address(f"postgresql://u:{quote(password, safe='', errors='surrogatepass')}@h,g/d")
    assert address.shown == "postgresql://h,g/d"
    assert len(address.urls) == 2


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(SettingsError):
        read_address(f"postgresql://{text}")
