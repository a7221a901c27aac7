"""Turns keys and passwords into what may be stored, and compares.

Keys are long and random, so one round of SHA-256 suffices and a dictionary finds them. Passwords are chosen
by people, so argon2id guards them; whoever checks one in every request keeps a short memory
(`stages/authenticate.py`).
"""

from __future__ import annotations

import base64
import hashlib

import argon2
import msgspec

#: OWASP's first choice for argon2id with little memory; a verification takes some 20 ms
_HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


class Credential(msgspec.Struct, frozen=True, omit_defaults=True):
    """One way for an account to prove itself in one dialect."""

    account: str
    dialect: str
    #: `digest` of the key, or of the login where there is a password
    identity_digest: str
    #: argon2id of the password; "" where the key is all there is
    password_hash: str = ""
    #: the country of local numbers in this dialect, ISO 3166 alpha-2; "" for none
    country: str = ""
    #: what requests are signed with; kept as it is, because checking needs it
    secret: str = ""
    #: Unix milliseconds from when it is not valid any more; 0: never
    until: int = 0


def digest(secret: str) -> str:
    """Give the SHA-256 of a key, login or cookie's value, in hex."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def hash_password(password: str) -> str:
    """Give the argon2id string to store; slow on purpose."""
    return _HASHER.hash(_octets(password))


def nobodys_hash() -> str:
    """Give what is verified for a login that nobody has: it takes as long as any, and no password is known to
    have it. It is not made by hashing, because glibc keeps the memory of a hash at the start for good.
    """
    sizes = _HASHER.salt_len, _HASHER.hash_len
    salt, tag = (base64.b64encode(b"=" * size).decode().rstrip("=") for size in sizes)
    cost = f"m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}"
    return f"$argon2id$v={argon2.low_level.ARGON2_VERSION}${cost}${salt}${tag}"


def is_password(password: str, password_hash: str) -> bool:
    """Tell whether a password is the stored one; slow on purpose, so call it off the event loop."""
    try:
        return _HASHER.verify(password_hash.encode("ascii", "replace"), _octets(password))
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


def _octets(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
