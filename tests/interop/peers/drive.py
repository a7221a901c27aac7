"""Runs in a network of its own (drive_smpp listens everywhere): Kannel's drive_smpp against our link.

Usage: drive.py PATH_OF_DRIVE_SMPP COUNT; prints a JSON line.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

from tests.links.test_binds import Observed
from tests.links.test_smpp import outbound

from aldis.stages.sending.upstream import Accepted

DRIVE, COUNT = sys.argv[1], int(sys.argv[2])
PORT, SMSBOX_PORT = 2345, 13001


async def main() -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)  # noqa: ASYNC221 - nothing else runs yet
    # it dials an smsbox, and ends when nobody is there
    smsbox = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", SMSBOX_PORT)
    drive = await asyncio.create_subprocess_exec(
        DRIVE, "-v", "0", "-p", str(PORT), "-m", str(COUNT), stderr=asyncio.subprocess.PIPE
    )
    seen = Observed(port=PORT, system_id="foo", password="bar", bind="pair")
    await seen.until(lambda: all(bind.is_up for bind in seen.link.binds))
    for number in range(COUNT):
        await seen.until(lambda: seen.link.room() > 0)
        seen.link.submit(outbound(message_id=number + 1))
    await seen.until(lambda: len(seen.outcomes) == COUNT)
    await seen.until(lambda: len(seen.inbound) == COUNT)  # its handsets write to us
    await asyncio.sleep(1)  # it hears our answers
    await seen.stop()
    _, said = await asyncio.wait_for(drive.communicate(), 20)
    log = said.decode("latin-1")
    print(
        json.dumps(
            {
                "accepted": sum(isinstance(outcome, Accepted) for outcome in seen.outcomes),
                "sent_all": "All messages sent to ESME." in log,
                "got_all": "ESME has submitted all messages to SMSC." in log,
                "troubles": [line for line in log.splitlines() if "ERROR" in line or "PANIC" in line],
                "exit": drive.returncode,
            }
        )
    )
    smsbox.close()


asyncio.run(main())
