"""Our link bound to other people's servers."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from aldis.links.smpp.quirks import Quirks
from aldis.sms.fitting import fit
from aldis.sms.segments import Splitting
from aldis.stages.sending.in_flight import InFlightMessage
from aldis.stages.sending.upstream import Accepted, Outbound, Rejected
from aldis.traffic.message import ClaimedMessage
from aldis.traffic.receipt import ReceiptState, alternative_ids
from tests.fakes.clock import NOON
from tests.fakes.ports import free_port
from tests.interop.conftest import command_for, run, serving
from tests.links.test_binds import Observed
from tests.links.test_smpp import outbound

LONG = "Ein langer Text, € und {so} weiter. " * 10


def segments(text: str, number: str, quirks: Quirks) -> list[Outbound]:
    """Cut a text as admission and sending do."""
    fitted = fit(text, quirks.text_rules)
    octets, count = fitted.encoded.octets, fitted.segments
    message = ClaimedMessage(
        0x1234, "74700", number, fitted.coding, octets, count, 3, 1, NOON + 3_600_000, ()
    )
    return InFlightMessage(message).segments()


async def send_all(seen: Observed, parts: list[Outbound]) -> None:
    for count, part in enumerate(parts, start=1):
        await seen.until(lambda: seen.link.room() > 0)
        seen.link.submit(part)
        await seen.until(lambda count=count: len(seen.outcomes) >= count - 4)  # type: ignore[misc]
    await seen.until(lambda: len(seen.outcomes) == len(parts))


@pytest.mark.parametrize("bind", ["transceiver", "pair"])
@pytest.mark.parametrize("mode", ["", "hex"])
async def test_node_smpp(bind: str, mode: str) -> None:
    port = free_port()
    async with serving(*command_for("server.js"), str(port), mode):
        seen = Observed(port=port, password="secret12", bind=bind)
        await seen.until(lambda: all(bind.is_up for bind in seen.link.binds))
        await send_all(seen, [outbound(f"4477009000{n:02d}", message_id=n + 1) for n in range(100)])
        accepted = [outcome for outcome in seen.outcomes if isinstance(outcome, Accepted)]
        assert len(accepted) == 99
        assert seen.outcomes.count(Rejected("ESME_RINVDSTADR")) == 1
        await seen.until(lambda: len(seen.receipts) == 99)
        assert {receipt.state for receipt in seen.receipts} == {ReceiptState.DELIVERED}
        named = {receipt.smsc_message_id for receipt in seen.receipts}
        for outcome in accepted:
            spellings = {outcome.smsc_message_id, *alternative_ids(outcome.smsc_message_id)}
            assert named & spellings
        await seen.stop()


@pytest.mark.parametrize(
    ("quirks", "text", "expected"),
    [
        (Quirks(), LONG, {"udh": ["000334"], "data_coding": 0}),
        (Quirks(splitting=Splitting.UDH_16), LONG, {"udh": ["08041234"], "data_coding": 0}),
        (Quirks(splitting=Splitting.SAR), LONG, {"udh": [], "sar": [1, 2, 3]}),
        (Quirks(splitting=Splitting.PAYLOAD), LONG, {"udh": [], "sar": [None]}),
        (Quirks(), "Юникод 😀 " * 20, {"data_coding": 8}),
        (Quirks(validity="absolute"), "short", {"validity": True}),
        (Quirks(validity="none"), "short", {"validity": False}),
    ],
    ids=["udh8", "udh16", "sar", "payload", "ucs2", "validity", "no validity"],
)
async def test_what_node_smpp_reads(quirks: Quirks, text: str, expected: dict[str, Any]) -> None:
    port = free_port()
    async with serving(*command_for("server.js"), str(port)) as server:
        seen = Observed(port=port, password="secret12", quirks=quirks)
        await seen.until(lambda: seen.link.is_up)
        parts = segments(text, "447700900001", quirks)
        await send_all(seen, parts)
        heard = [json.loads(await server.line()) for _ in parts]
        assert "".join(each["text"] for each in heard) == text
        for key, value in expected.items():
            if key == "udh":
                assert [each["udh"][0][: len(value[0])] if value else each["udh"] for each in heard] == (
                    value * len(parts) if value else [[]] * len(parts)
                )
            elif key == "sar":
                assert [each["sar"] for each in heard] == value
            else:
                assert {each[key] for each in heard} == {value}
        await seen.stop()


async def test_smpp34_which_answers_in_any_order() -> None:
    port = free_port()
    async with serving(*command_for("smpp34_server.py"), str(port)):
        seen = Observed(port=port, password="any", window=50)
        await seen.until(lambda: seen.link.is_up)
        await send_all(seen, [outbound(f"447700{n:06d}", message_id=n + 1) for n in range(300)])
        await seen.until(lambda: len(seen.receipts) == 297)
        accepted = {outcome.smsc_message_id for outcome in seen.outcomes if isinstance(outcome, Accepted)}
        assert {receipt.smsc_message_id for receipt in seen.receipts} == accepted
        await seen.stop()


@pytest.fixture(scope="session")
def drive_smpp() -> str:
    """Kannel's test program, which Debian ships in kannel-extras."""
    found = os.environ.get("DRIVE_SMPP") or "/usr/lib/kannel/test/drive_smpp"
    assert Path(found).exists(), "install kannel-extras, or say where it is: DRIVE_SMPP"
    return found


async def test_kannel_s_drive_smpp(drive_smpp: str) -> None:
    unshare = shutil.which("unshare")
    assert unshare is not None
    found = await run(unshare, "-rn", *command_for("drive.py"), drive_smpp, "20")
    assert found == {"accepted": 20, "sent_all": True, "got_all": True, "troubles": [], "exit": 0}
