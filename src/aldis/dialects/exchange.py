"""One HTTP request and its reply, free of any server's types: the server under the doors can change."""

from __future__ import annotations

from functools import lru_cache

import msgspec

#: a larger body is read in a thread: 10,000 numbers take ten milliseconds, a picture of a megabyte some tens
LONG_BODY = 16_384


class HttpRequest(msgspec.Struct, frozen=True, gc=False):
    """What a customer sent; nothing in it has been trusted yet."""

    method: str
    #: decoded, without query
    path: str
    #: raw, as it stood behind the question mark
    query: bytes
    #: names in lower case
    headers: list[tuple[bytes, bytes]]
    body: bytes
    #: the peer's address as text
    peer: str
    #: 62 random bits that make this request's ids unguessable
    nonce: int = 0
    #: False: the body was over the door's limit, and is left out
    body_fits: bool = True
    #: how the customer reached us: scheme and host as the settings have them, else "https://" or "http://"
    origin: str = "http://"

    def header(self, name: bytes) -> str:
        """Give the first header of a name in lower case; "" when there is none."""
        for key, value in self.headers:
            if key == name:
                return value.decode("latin-1")
        return ""

    @property
    def public_origin(self) -> str:
        """Scheme and host as the customer wrote them."""
        return self.origin if not self.origin.endswith("//") else self.origin + self.header(b"host")

    @property
    def media_type(self) -> str:
        """The Content-Type without its parameters, in lower case."""
        return _media_type(self.header(b"content-type"))


@lru_cache(maxsize=256)
def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


class HttpReply(msgspec.Struct, frozen=True, gc=False):
    """What we answer."""

    status: int
    content_type: bytes
    body: bytes
    #: names in title case
    headers: tuple[tuple[bytes, bytes], ...] = ()
