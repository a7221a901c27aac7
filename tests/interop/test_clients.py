"""Other people's clients bound to our simulator, which has the same core as a link."""

from __future__ import annotations

import json

import pytest

from aldis.app.simulator import Simulator
from aldis.smpp import status
from aldis.smpp.receipt_text import MessageState
from tests.interop.conftest import command_for, run

LONG = "Долгое сообщение 😀 " * 10


def texts(carrier: Simulator, number: str) -> list[str]:
    return [received.text for received in carrier.memory.handsets.of(number)]


async def test_smpplib(carrier: Simulator) -> None:
    cases = [
        ("447700900001", "Hello @£$ {€}"),
        ("447700900002", "Привет"),
        ("447700900003", LONG),
        ("447700900004", "Ein langer Text. " * 20),
        ("447700900005", "{€}" * 80),  # it cuts inside escape pairs
        ("447700900082", "refused"),
    ]
    found = await run(*command_for("smpplib_client.py"), str(carrier.smsc.port), json.dumps(cases))
    for number, text in cases[:-1]:
        assert texts(carrier, number) == [text]
    assert (found["system_id"], found["version"]) == ("aldis-smsc", 0x34)
    assert {state for _, state in found["receipts"]} == {MessageState.DELIVERED}
    assert len({name for name, _ in found["receipts"]}) == carrier.memory.handsets.segments
    assert found["errors"] == [status.ESME_RINVDSTADR]
    assert found["queried"] == MessageState.DELIVERED
    assert (found["alive"], found["left"]) == ("enquire_link_resp", "unbind_resp")


async def test_smpp34(carrier: Simulator) -> None:
    found = await run(*command_for("smpp34_client.py"), str(carrier.smsc.port), "80")
    assert found["taken"] == 80
    assert found["refused"] == []
    assert found["receipts"] == 81
    assert found["matched"]
    assert found["classes"] == [0x04]
    assert texts(carrier, "447700960000") == ["p" * 300]


@pytest.mark.parametrize("version", [0x33, 0x34, 0x50])
async def test_node_smpp(carrier: Simulator, version: int) -> None:
    found = await run(*command_for("client.js"), str(carrier.smsc.port), str(version))
    assert found["bound"] == [status.ESME_ROK, None if version < 0x34 else 0x34]
    assert texts(carrier, "447700900401") == ["Hello @£$ {€}"]
    assert texts(carrier, "447700900402") == ["Привет 😀"]
    assert texts(carrier, "447700900403") == ["Crème brûlée âê"]
    assert texts(carrier, "447700900404") == [LONG]
    assert texts(carrier, "447700900410") == ["to many"]
    assert found["refused"] == status.ESME_RINVDSTADR
    assert (found["queried"], found["after"]) == (MessageState.ENROUTE, MessageState.DELETED)
    assert (found["cancelled"], found["again"]) == (status.ESME_ROK, status.ESME_RCANCELFAIL)
    assert (found["replaced"], found["unknown"]) == (status.ESME_RREPLACEFAIL, status.ESME_RQUERYFAIL)
    assert found["multi"] == [status.ESME_RINVDSTADR, status.ESME_RINVDLNAME]
    assert (found["alive"], found["left"]) == ("enquire_link_resp", "unbind_resp")
    deleted = [text for _, _, text in found["receipts"] if "stat:DELETED" in text]
    assert len(deleted) == 1
    if version < 0x34:  # which has no TLVs
        assert {name for name, _, _ in found["receipts"]} == {None}
        return
    assert {state for _, state, _ in found["receipts"]} == {MessageState.DELIVERED, MessageState.DELETED}
    assert texts(carrier, "447700900405") == ["by data_sm"]
    assert texts(carrier, "447700900406") == ["x" * 400]
    assert texts(carrier, "447700900407") == ["sar1sar2"]
