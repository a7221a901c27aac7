"""Passwords as they are stored, and what stands where there is none."""

from __future__ import annotations

import argon2

from aldis.accounts.credentials import hash_password, is_password, nobodys_hash


def test_what_nobody_has_costs_as_much_as_a_password_and_is_none() -> None:
    nobodys = argon2.extract_parameters(nobodys_hash())
    assert nobodys == argon2.extract_parameters(hash_password("right"))
    assert not is_password("", nobodys_hash())
    assert not is_password("right", nobodys_hash())
