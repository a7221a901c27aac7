"""Finds out whose credentials came with a request, for every stage that customers speak to; a password in
every request costs microseconds after the first.

Who has no such login takes as long to refuse as who has another password, so that answers do not tell which
logins there are.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from aldis.accounts.account import may_connect_from
from aldis.accounts.credentials import Credential, digest, nobodys_hash
from aldis.accounts.directory import Directory
from aldis.addresses import network_of, source_address
from aldis.clock import Clock
from aldis.dialects.contract import Policy
from aldis.stages.nonces import SIGNED_S, Nonces
from aldis.stages.passwords import (
    MAX_REMEMBERED,
    PasswordLimits,
    PasswordTry,
    PasswordVerifier,
    TooManyTries,
)
from aldis.store.contract.shared import SharedStore
from aldis.telemetry import Metrics
from aldis.traffic.caller import Caller, Presented, Signed
from aldis.traffic.on_behalf import OnBehalf
from aldis.traffic.refusal import Refusal, RefusalReason

#: how long the answer for one and the same request of one directory is kept
PROVEN_S = 60.0


class AuthenticationSettings(PasswordLimits, frozen=True):
    """`[authentication]`: what customers may try."""

    #: signed requests of one credential
    signed_per_minute: int = 120_000


AS_IT_COMES = AuthenticationSettings()


class Authenticator:
    """Answers "which credential is this?"."""

    def __init__(
        self,
        clock: Clock,
        secret: bytes,
        metrics: Metrics,
        settings: AuthenticationSettings = AS_IT_COMES,
        shared: SharedStore | None = None,
        delay: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`shared`: None where no other gateway can be; `delay`: waits so many seconds."""
        self._clock = clock
        self._keyed = hashlib.blake2b(key=secret, digest_size=16)
        #: what was presented → (version of the directory, until when, what it proved)
        self._proven: dict[bytes, tuple[int, float, Credential]] = {}
        #: also asked by others who take a password
        failures = None if shared is None else shared.failures
        self.passwords = PasswordVerifier(clock, secret, metrics, settings, failures, delay)
        #: compared with where there is no such login
        self._nobodys = nobodys_hash()
        self._nonces = Nonces(settings.signed_per_minute)
        self._everybodys_nonces = None if shared is None else shared.nonces

    def known(self, directory: Directory, presented: Presented) -> Credential | None:
        """Give the credential that the very same proved a moment ago; None: ask `credential`."""
        if presented.signed is not None:
            return None
        known = self._proven.get(self._key(presented))
        if known is None or known[0] != directory.version or self._clock.monotonic() >= known[1]:
            return None
        credential = known[2]
        return credential if not credential.until or self._clock.now() < credential.until else None

    async def credential(self, directory: Directory, policy: Policy, caller: Caller) -> Credential | Refusal:
        """Give the credential that was proven, or say why none was. What the house does for an account needs
        none: whoever made an OnBehalf has asked who is asking.
        """
        presented = caller.presented
        if isinstance(presented, OnBehalf):
            if presented.identity not in directory.accounts:
                return _unknown(presented)
            home = directory.homes.get(presented.identity, "")
            return Credential(presented.identity, presented.dialect, "", country=home)
        if presented.signed is not None:
            found = self._check_signed(directory, presented, presented.signed)
            if self._everybodys_nonces is None or isinstance(found, Refusal):
                return found
            is_new = await self._everybodys_nonces.take(
                found.identity_digest, presented.signed.timestamp, presented.signed.nonce
            )
            return found if is_new else Refusal(RefusalReason.NONCE_USED)
        credential = directory.credential(presented.dialect, presented.identity)
        if credential is not None and not self._is_valid(credential):
            credential = None
        if presented.secret is not None:
            refusal = await self._check_password(directory, policy, caller, presented.secret, credential)
            if refusal is not None:
                return refusal
        if credential is None or (credential.password_hash and presented.secret is None):
            return _unknown(presented)
        self._proven[self._key(presented)] = (
            directory.version,
            self._clock.monotonic() + PROVEN_S,
            credential,
        )
        if len(self._proven) > MAX_REMEMBERED:
            del self._proven[next(iter(self._proven))]
        return credential

    def close(self) -> None:
        """Verify no more passwords."""
        self.passwords.close()

    def _is_valid(self, credential: Credential) -> bool:
        return not credential.until or self._clock.now() < credential.until

    async def _check_password(
        self,
        directory: Directory,
        policy: Policy,
        caller: Caller,
        password: str,
        credential: Credential | None,
    ) -> Refusal | None:
        """Verify a password, also where there is none to be right: then as long as if there were."""
        presented, wanted = caller.presented, credential.password_hash if credential else ""
        elsewhere = False
        if policy.hides_networks and credential is not None:
            account = directory.accounts[credential.account]
            elsewhere = not may_connect_from(account, source_address(caller.peer))
        if elsewhere:  # whoever may not come from there learns nothing of the password
            wanted = ""
        tried = PasswordTry(
            f"{presented.dialect} {digest(presented.identity)}",
            network_of(caller.peer),
            password,
            wanted or self._nobodys,
        )
        verdict = await self.passwords.verify(tried)
        if isinstance(verdict, TooManyTries):
            return Refusal(RefusalReason.TOO_MANY_TRIES, value=f"{max(1.0, verdict.wait_s):.0f}")
        if elsewhere:
            return Refusal(RefusalReason.ADDRESS_NOT_ALLOWED, value=caller.peer)
        return None if verdict and wanted else _unknown(presented)

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
        refusal = self._nonces.take(
            credential.identity_digest, signed.timestamp, signed.nonce, self._clock.monotonic()
        )
        return refusal or credential

    def _key(self, presented: Presented) -> bytes:
        """Name what was presented so that nothing can be read from the name, nor searched for without our
        secret.
        """
        dialect, identity, secret = presented.dialect, presented.identity, presented.secret
        text = f"{dialect} {len(identity)} {identity}" + ("" if secret is None else f" {secret}")
        name = self._keyed.copy()
        name.update(text.encode("utf-8", "surrogatepass"))
        return name.digest()


def _unknown(presented: Presented) -> Refusal:
    return Refusal(RefusalReason.CREDENTIALS_UNKNOWN, value=presented.identity)


def _escaped(secret: str) -> str:
    """Escape a secret as a key of HMAC-SHA1. Source: RFC 5849 §3.4.2, §3.6."""
    return quote(secret, safe="~")
