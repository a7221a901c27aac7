"""The command_ids of SMPP v3.4. Source: SMPP v3.4 §5.1.2.1, table 5-1."""

from __future__ import annotations

from enum import IntEnum

RESPONSE_BIT = 0x80000000


class CommandId(IntEnum):
    """What a PDU asks or answers."""

    generic_nack = 0x80000000
    bind_receiver = 0x00000001
    bind_receiver_resp = 0x80000001
    bind_transmitter = 0x00000002
    bind_transmitter_resp = 0x80000002
    query_sm = 0x00000003
    query_sm_resp = 0x80000003
    submit_sm = 0x00000004
    submit_sm_resp = 0x80000004
    deliver_sm = 0x00000005
    deliver_sm_resp = 0x80000005
    unbind = 0x00000006
    unbind_resp = 0x80000006
    replace_sm = 0x00000007
    replace_sm_resp = 0x80000007
    cancel_sm = 0x00000008
    cancel_sm_resp = 0x80000008
    bind_transceiver = 0x00000009
    bind_transceiver_resp = 0x80000009
    outbind = 0x0000000B
    enquire_link = 0x00000015
    enquire_link_resp = 0x80000015
    submit_multi = 0x00000021
    submit_multi_resp = 0x80000021
    alert_notification = 0x00000102
    data_sm = 0x00000103
    data_sm_resp = 0x80000103


#: what is told and not asked: nothing answers these
UNANSWERED = frozenset({CommandId.outbind, CommandId.alert_notification})


def name(command_id: int) -> str:
    """Spell a command for people: its name, or its number in hex."""
    return CommandId(command_id).name if command_id in CommandId._value2member_map_ else f"0x{command_id:08X}"
