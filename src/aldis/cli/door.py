"""What the verbs ask a running gateway at its door: its numbers, and how its links stand."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import aiohttp
import msgspec
from prometheus_client.parser import text_string_to_metric_families

from aldis.admin.metrics_snapshot import Reading, read
from aldis.errors import GatewayError
from aldis.settings import HttpSettings, host_and_port
from aldis.stages.postbacks.status import LocalFault
from aldis.telemetry import Noted
from aldis.traffic.anomalies import describe

ASK_S = 5.0
#: where to connect to what listens everywhere
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound


def described(noted: Noted) -> str:
    """Say in one line what was noticed of a link, and what to do about it."""
    says, advice = describe(noted.kind, noted.detail)
    return f"{noted.times} {says}. {advice}".rstrip()


class _Store(msgspec.Struct, frozen=True):
    #: what is wrong; "": nothing
    fault: str = ""


class _Clock(msgspec.Struct, frozen=True):
    #: how far it was set, so that it is in doubt; "": it is believed
    doubt: str = ""


class _Postbacks(msgspec.Struct, frozen=True):
    #: what of this machine's keeps them from being tried
    fault: LocalFault = LocalFault()


class Ready(msgspec.Struct, frozen=True):
    """What /health/ready says."""

    status: str
    links: dict[str, list[str]]
    store: _Store = _Store()
    clock: _Clock = _Clock()
    postbacks: _Postbacks = _Postbacks()


class DoorClient:
    """Asks one gateway."""

    def __init__(self, http: HttpSettings) -> None:
        host, port = host_and_port(http.listen)
        host = _EVERYWHERE.get(host, host)
        scheme = "https" if http.certificate else "http"
        self.base = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        # our own gateway at its own address: its certificate is for the name that customers use
        connector = aiohttp.TCPConnector(ssl=False)
        timeout = aiohttp.ClientTimeout(total=ASK_S)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def reading(self) -> Reading:
        """Read its counters. Raises GatewayError when nothing answers."""
        return read(text_string_to_metric_families(await self._get("/metrics")))

    async def binds(self) -> dict[str, list[str]]:
        """Ask how the binds of each link stand. Raises GatewayError when nothing answers."""
        return (await self.ready()).links

    async def ready(self) -> Ready:
        """Ask how it is. Raises GatewayError when nothing answers."""
        try:
            return msgspec.json.decode(await self._get("/health/ready"), type=Ready)
        except msgspec.DecodeError:
            raise GatewayError(f"what answers at {self.base} is not Aldis") from None

    async def binds_or_none(self) -> dict[str, list[str]]:
        """Ask how the binds stand; nothing where no gateway answers."""
        try:
            return await self.binds()
        except GatewayError:
            return {}

    async def postback_waits(self) -> dict[str, int]:
        """Ask how many lanes of postbacks wait for what; nothing where no gateway answers."""
        try:
            return (await self.reading()).postback_waits
        except GatewayError:
            return {}

    async def _get(self, path: str) -> str:
        try:
            async with self._session.get(self.base + path) as answer:
                return await answer.text()
        except (aiohttp.ClientError, TimeoutError, UnicodeError):
            raise GatewayError(f"no gateway answers at {self.base}; is `aldis serve` running?") from None
