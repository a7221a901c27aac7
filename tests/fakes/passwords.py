"""Argon2id with as little work as it takes: every gateway of a test hashes a dozen passwords."""

from __future__ import annotations

import argon2

from aldis.accounts import credentials


def hash_quickly() -> None:
    """Make the hashes of this process, and of those that it forks, cost next to nothing."""
    credentials._HASHER = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
