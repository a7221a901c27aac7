"""`make ha-demo`: what customers notice when the database or a gateway loses a machine: nothing but the wait.

Three database nodes under Patroni and two gateways on the loopback; a customer sends all the while, and
repeats what was not answered. Ends with a table, and with exit code 1 when anything acknowledged was lost or
money is not exact.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
from contrib.ha.database import Database, NotInstalled
from contrib.ha.programs import NOBODY, free_ports
from contrib.ha.traffic import WINDOW, Traffic
from rich.console import Console
from rich.table import Table

#: all of it
MOST_S = 175.0
FROZEN_S = 3.0
#: Patroni gives up a primary without etcd, and without `failsafe_mode`, after less
ETCD_FROZEN_S = 10.0
#: messages that are to be accepted behind each fault
BEHIND = 30


class Row(msgspec.Struct, frozen=True):
    """What was seen of one fault."""

    fault: str
    expected: str
    longest_wait_s: float
    accepted: int


class Demo:
    """One run."""

    def __init__(self, folder: Path, console: Console) -> None:
        ports = free_ports(int(os.environ.get("ALDIS_PORT", "27000")))
        self.database = Database(folder, ports)
        self.traffic = Traffic(folder, ports, self.database.url)
        self._console = console
        self._rows: list[Row] = []

    async def run(self) -> bool:
        """Show all; tells whether nothing was lost."""
        self._console.print("starting etcd, three databases under Patroni, two gateways and a carrier …")
        await self.database.start()
        await self.traffic.start()
        await self._see("nothing", "", self._nothing)
        await self._see("a standby frozen for 3 s", "0", self._freeze_standby)
        await self._see("a gateway killed", "0 where it is balanced; its links: 3 to 4", self._kill_gateway)
        await self._see("the primary's postgres killed", "2 to 4", self._kill_primary)
        await self._see("the primary's host lost", "20 to 25", self._lose_primary)
        # last: behind it standbys see the lost primary as their leader for some seconds more (README.md)
        await self._see("etcd frozen for 10 s", "0", self._freeze_etcd)
        self._console.print("waiting until all that was accepted has ended …")
        await self.traffic.finish()
        return await self._tell()

    async def _see(self, fault: str, expected: str, make: Callable[[], Awaitable[None]]) -> None:
        self._console.print(f"fault: {fault} …")
        since, before = time.monotonic(), len(self.traffic.accepted)
        await make()
        await self.traffic.until_accepted(BEHIND)
        waited = self.traffic.longest_wait(since)
        self._rows.append(Row(fault, expected, waited, len(self.traffic.accepted) - before))
        await self.database.whole()
        await self.traffic.until_ready()

    async def _nothing(self) -> None:
        await asyncio.sleep(FROZEN_S)

    async def _freeze_standby(self) -> None:
        primary = await self.database.whole()
        standby = next(node for node in self.database.nodes if node.name != primary)
        standby.freeze_postgres()
        await asyncio.sleep(FROZEN_S)
        standby.thaw_postgres()

    async def _freeze_etcd(self) -> None:
        self.database.freeze_etcd()
        await asyncio.sleep(ETCD_FROZEN_S)
        self.database.thaw_etcd()

    async def _kill_gateway(self) -> None:
        gateway = self.traffic.gateways[0]
        gateway.program.end(signal.SIGKILL)
        await self.traffic.until_accepted(BEHIND)
        gateway.start()

    async def _kill_primary(self) -> None:
        self.database.node(await self.database.whole()).kill_postgres()

    async def _lose_primary(self) -> None:
        primary = await self.database.whole()
        self.database.node(primary).lose()
        await self.database.led_by_another(primary)
        await self.traffic.until_accepted(BEHIND)
        self.database.node(
            primary
        ).start()  # it comes back, and is wound back to where the other one took over

    async def _tell(self) -> bool:
        table = Table(title="a customer who sends all the while", title_justify="left")
        for column in ("fault", "expected, s", "longest wait for a yes, s", "accepted meanwhile"):
            table.add_column(column, justify="left" if column == "fault" else "right")
        for row in self._rows:
            table.add_row(row.fault, row.expected, f"{row.longest_wait_s:.1f}", str(row.accepted))
        self._console.print(table)
        shown, accepted = self.traffic.shown(), self.traffic.accepted
        lost = len(accepted.keys() - shown.keys())
        twice = sum(count - 1 for count in shown.values())
        held, spent, cost = await self.traffic.money()
        is_exact = (held, spent) == (0, cost)
        self._console.print(
            f"{len(accepted)} accepted, {lost} lost; all were told to the customer; {twice} arrived again "
            f"(at most {WINDOW} a loss); money is {'exact' if is_exact else f'{spent + held}, not {cost}'}"
        )
        return not lost and is_exact and twice <= WINDOW * len(self._rows)


async def _run(console: Console) -> bool:
    running = asyncio.current_task()
    if running is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    with tempfile.TemporaryDirectory(prefix="aldis-ha-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        demo = Demo(folder, console)
        try:
            async with asyncio.timeout(MOST_S):
                return await demo.run()
        except TimeoutError:
            console.print(f"not done within {MOST_S:.0f} s", style="red")
            console.print(demo.database.last_words(), demo.traffic.last_words(), markup=False)
            return False
        finally:
            try:
                await demo.traffic.end()
            finally:
                demo.database.end()


def main() -> int:
    """Run it; 0: nothing was lost."""
    console = Console(highlight=False)
    try:
        return 0 if asyncio.run(_run(console)) else 1
    except asyncio.CancelledError:
        return 1
    except NotInstalled as missing:
        console.print(str(missing), style="red")
        return 1


if __name__ == "__main__":
    sys.exit(main())
