"""Which signed requests came before: the nonces of each credential, by the minute in which they came.

In memory only: a restart forgets them.
"""

from __future__ import annotations

import hashlib
from collections import deque

from aldis.traffic.refusal import Refusal, RefusalReason

#: how far a customer's clock may be off
SIGNED_S = 300
BUCKET_S = 60.0
#: the widest pair of instants at which one timestamp is taken, and a second more
REMEMBER_S = 2 * SIGNED_S + 1


class Nonces:
    """Remembers nonces for as long as their requests could be repeated."""

    def __init__(self, per_minute: int) -> None:
        """`per_minute`: how many of one credential are taken."""
        self._per_minute = per_minute
        #: (when the minute began, credential → digests of what came in it); oldest first
        self._buckets: deque[tuple[float, dict[str, set[int]]]] = deque()

    def take(self, credential: str, timestamp: int, nonce: str, now: float) -> Refusal | None:
        """Remember a nonce, or say that it came before, or that there are too many to be remembered.

        `now`: monotonic seconds. Source: RFC 5849 §3.3: a nonce is unique across all requests with the same
        timestamp and credentials.
        """
        buckets = self._buckets
        while buckets and now >= buckets[0][0] + BUCKET_S + REMEMBER_S:
            buckets.popleft()
        if not buckets or now >= buckets[-1][0] + BUCKET_S:
            buckets.append((now, {}))
        said = f"{timestamp} {nonce}".encode("utf-8", "surrogatepass")
        # 8 octets: that two of a million are alike by chance happens once in 30 million times
        key = int.from_bytes(hashlib.blake2b(said, digest_size=8).digest())
        if any(key in bucket.get(credential, ()) for _, bucket in buckets):
            return Refusal(RefusalReason.NONCE_USED)
        began, newest = buckets[-1]
        seen = newest.setdefault(credential, set())
        if len(seen) >= self._per_minute:
            wait_s = began + BUCKET_S - now
            return Refusal(RefusalReason.THROTTLED, "oauth_nonce", f"{wait_s:.0f}")
        seen.add(key)
        return None
