"""Finds out whose credentials came with a request, for every stage that customers speak to; a password in
every request costs microseconds after the first.

argon2id is slow on purpose, so it runs in threads, few at a time, and what it said is remembered for a while
under an HMAC with a secret of this process: neither the password nor anything that could be searched for it
stays in memory. The stored hash is part of the remembered key, so a changed password counts at once.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections import OrderedDict
from urllib.parse import quote

from aldis.accounts.credentials import Credential, is_password
from aldis.accounts.directory import Directory
from aldis.clock import Clock
from aldis.traffic.caller import Presented, Signed
from aldis.traffic.on_behalf import OnBehalf
from aldis.traffic.refusal import Refusal, RefusalReason

REMEMBER_YES_S = 300.0
#: how long the answer for one and the same request of one directory is kept
PROVEN_S = 60.0
#: long enough to blunt guessing, short enough not to outlast a typo
REMEMBER_NO_S = 10.0
MAX_REMEMBERED = 10_000
MAX_VERIFYING = 2
#: how far a customer's clock may be off, and how long a nonce is remembered on both sides of now
SIGNED_S = 300
MAX_NONCES = 500_000
PURGE_AT_ONCE = 8


class Authenticator:
    """Answers "which credential is this?"."""

    def __init__(self, clock: Clock, secret: bytes) -> None:
        self._clock = clock
        self._secret = secret
        self._keyed = hashlib.blake2b(key=secret, digest_size=16)
        #: what was presented → (version of the directory, until when, what it proved)
        self._proven: dict[bytes, tuple[int, float, Credential]] = {}
        self._remembered: OrderedDict[bytes, tuple[bool, float]] = OrderedDict()
        self._verifying: dict[bytes, asyncio.Task[bool]] = {}
        self._slots = asyncio.Semaphore(MAX_VERIFYING)
        #: digests of the nonces of signed requests → when they may be forgotten; oldest first. In memory
        #: only: a restart forgets them
        self._nonces: OrderedDict[bytes, float] = OrderedDict()

    def known(self, directory: Directory, presented: Presented) -> Credential | None:
        """Give the credential that the very same proved a moment ago; None: ask `credential`."""
        if presented.signed is not None:
            return None
        known = self._proven.get(self._key(presented))
        if known is None or known[0] != directory.version or self._clock.monotonic() >= known[1]:
            return None
        credential = known[2]
        return credential if not credential.until or self._clock.now() < credential.until else None

    async def credential(self, directory: Directory, presented: Presented) -> Credential | Refusal:
        """Give the credential that was proven, or say why none was. What the house does for an account needs
        none: whoever made an OnBehalf has asked who is asking.
        """
        if isinstance(presented, OnBehalf):
            if presented.identity not in directory.accounts:
                return _unknown(presented)
            home = directory.homes.get(presented.identity, "")
            return Credential(presented.identity, presented.dialect, "", country=home)
        if presented.signed is not None:
            return self._check_signed(directory, presented, presented.signed)
        credential = directory.credential(presented.dialect, presented.identity)
        if credential is None or not self._is_valid(credential):
            return _unknown(presented)
        if not credential.password_hash:
            proven = presented.secret is None
        elif presented.secret is None:
            proven = False
        else:
            proven = await self._is_password(presented.secret, credential.password_hash)
        if not proven:
            return _unknown(presented)
        self._proven[self._key(presented)] = (
            directory.version,
            self._clock.monotonic() + PROVEN_S,
            credential,
        )
        if len(self._proven) > MAX_REMEMBERED:
            del self._proven[next(iter(self._proven))]
        return credential

    def _is_valid(self, credential: Credential) -> bool:
        return not credential.until or self._clock.now() < credential.until

    def _check_signed(
        self, directory: Directory, presented: Presented, signed: Signed
    ) -> Credential | Refusal:
        """Check key, signature, time and nonce. Source: RFC 5849 §3.2, §3.3, §3.4.2."""
        credential = directory.credential(presented.dialect, presented.identity)
        if credential is None or not credential.secret or not self._is_valid(credential):
            return _unknown(presented)
        base_string = signed.base_string()
        if base_string is None:
            return Refusal(RefusalReason.SIGNATURE_INVALID)
        wanted = hmac.digest(f"{_escaped(credential.secret)}&".encode(), base_string.encode(), "sha1")
        if not hmac.compare_digest(base64.b64encode(wanted), signed.signature.encode()):
            return Refusal(RefusalReason.SIGNATURE_INVALID)
        if abs(self._clock.now() // 1000 - signed.timestamp) > SIGNED_S:
            return Refusal(RefusalReason.SIGNATURE_EXPIRED)
        return credential if self._is_new(credential, signed) else Refusal(RefusalReason.NONCE_USED)

    def _is_new(self, credential: Credential, signed: Signed) -> bool:
        """Remember a nonce; False if it is known, or if so many came that no more can be remembered."""
        now = self._clock.monotonic()
        for _ in range(PURGE_AT_ONCE):
            if not self._nonces or next(iter(self._nonces.values())) > now:
                break
            self._nonces.popitem(last=False)
        said = f"{credential.identity_digest} {signed.timestamp} {signed.nonce}"
        key = hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if key in self._nonces or len(self._nonces) >= MAX_NONCES:
            return False
        # a second more than the widest pair of instants at which one timestamp is taken
        self._nonces[key] = now + 2 * SIGNED_S + 1
        return True

    def _key(self, presented: Presented) -> bytes:
        """Name what was presented so that nothing can be read from the name, nor searched for without our
        secret.
        """
        dialect, identity, secret = presented.dialect, presented.identity, presented.secret
        text = f"{dialect} {len(identity)} {identity}" + ("" if secret is None else f" {secret}")
        name = self._keyed.copy()
        name.update(text.encode("utf-8", "surrogatepass"))
        return name.digest()

    async def _is_password(self, password: str, password_hash: str) -> bool:
        message = f"{password_hash}\0{password}".encode("utf-8", "surrogatepass")
        key = hmac.digest(self._secret, message, "sha256")
        known = self._remembered.get(key)
        if known is not None and self._clock.monotonic() < known[1]:
            return known[0]
        task = self._verifying.get(key)
        if task is None:
            task = asyncio.create_task(self._verify(key, password, password_hash))
            self._verifying[key] = task
            task.add_done_callback(lambda _: self._verifying.pop(key, None))
        return await asyncio.shield(task)

    async def _verify(self, key: bytes, password: str, password_hash: str) -> bool:
        async with self._slots:
            answer = await asyncio.to_thread(is_password, password, password_hash)
        self._remembered[key] = (
            answer,
            self._clock.monotonic() + (REMEMBER_YES_S if answer else REMEMBER_NO_S),
        )
        self._remembered.move_to_end(key)
        while len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)
        return answer


def _unknown(presented: Presented) -> Refusal:
    return Refusal(RefusalReason.CREDENTIALS_UNKNOWN, value=presented.identity)


def _escaped(secret: str) -> str:
    """Escape a secret as a key of HMAC-SHA1. Source: RFC 5849 §3.4.2, §3.6."""
    return quote(secret, safe="~")
