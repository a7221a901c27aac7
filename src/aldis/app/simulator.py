"""The simulated carrier, whole: SMSC, MMSC and a view of their handsets."""

from __future__ import annotations

from aldis.app.entropy import Entropy
from aldis.clock import Clock, unix_s
from aldis.doors.http.guard import GuardLimits
from aldis.doors.http.server import HttpServer, ServerSettings
from aldis.mms.access import Access
from aldis.settings import SimulatorSettings, host_and_port
from aldis.simulator.memory import Memory, SmscSettings
from aldis.simulator.mmsc import Mmsc, VaspSettings
from aldis.simulator.smsc import LIMITS, Smsc
from aldis.simulator.view import HandsetView
from aldis.smpp.timers import Timers

#: what the simulator takes at once: a large multimedia message
VIEW_OCTETS = 8_388_608
VIEW_LIMITS = GuardLimits(body_octets=VIEW_OCTETS, connections=100, connections_per_address=100)
#: that may be open in all
SOCKETS = LIMITS.sockets + VIEW_LIMITS.sockets


class Simulator:
    """The SMSC, the MMSC and a view of their handsets, as `aldis simulator` and the gateway's `[simulator]`
    run them.
    """

    def __init__(self, settings: SimulatorSettings, clock: Clock) -> None:
        host, port = host_and_port(settings.listen)
        timers = Timers(inactivity_s=settings.inactivity_s)
        self.memory = Memory(SmscSettings(host, port, settings.system_id, settings.password, timers), clock)
        self.smsc = Smsc(self.memory)
        vasp = VaspSettings(settings.vasp_url, Access(settings.vasp_user, settings.vasp_password))
        self.mmsc = Mmsc(self.memory, vasp)
        host, port = host_and_port(settings.view)
        view = HandsetView(self.memory, self.mmsc)
        where = ServerSettings(host, port, VIEW_LIMITS, name="the simulator's view")
        self.view = HttpServer(view.serve, where, Entropy(), unix_s)

    async def start(self) -> None:
        """Listen on both."""
        await self.smsc.start()
        self.mmsc.start()
        await self.view.start()

    async def stop(self) -> None:
        """Send the receipts that are pending, then close both."""
        await self.smsc.stop()
        await self.mmsc.stop()
        await self.view.stop()
