#!/bin/sh
# argon2-cffi 25.1.0: `PasswordHasher.verify` documents VerifyMismatchError, VerificationError and InvalidHashError.
#
# Guess: nothing else comes of two strings: a password with a lone surrogate, as JSON may bring it ("\ud800"), is a wrong
#        password, and a stored hash with a letter that is not ASCII is an InvalidHashError, as `check_needs_rehash` says.
# Seen:  UnicodeEncodeError for both. It is a ValueError, as InvalidHashError is, but no Argon2Error. Octets are taken: the
#        same hash, encoded before, is a VerifyMismatchError.
#
# For Aldis: `accounts/credentials.py` gives octets only, so such a password is a wrong one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet argon2-cffi==25.1.0
"$folder/venv/bin/python" - <<'PYTHON'
import json

import argon2

HASHER = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
STORED = HASHER.hash("right")
NOT_ASCII = STORED[:-1] + "é"
LONE = json.loads(r'"\ud800"')


def fault(call, *arguments):
    try:
        return call(*arguments)
    except (argon2.exceptions.Argon2Error, ValueError) as raised:
        return type(raised).__name__


seen = {
    "a wrong password": fault(HASHER.verify, STORED, "wrong"),
    "a lone surrogate": fault(HASHER.verify, STORED, LONE),
    "its octets": fault(HASHER.verify, STORED, LONE.encode("utf-8", "surrogatepass")),
    "a hash with é": fault(HASHER.verify, NOT_ASCII, "right"),
    "its octets, UTF-8": fault(HASHER.verify, NOT_ASCII.encode(), "right"),
    "é as the hash": fault(HASHER.verify, "é", "right"),
    "é, check_needs_rehash": fault(HASHER.check_needs_rehash, "é"),
}
print(*(f"{what}: {came}" for what, came in seen.items()), sep="\n")
assert tuple(seen.values()) == (
    "VerifyMismatchError",
    "UnicodeEncodeError",
    "VerifyMismatchError",
    "UnicodeEncodeError",
    "VerifyMismatchError",
    "UnicodeEncodeError",
    "InvalidHashError",
), seen
PYTHON
