"""Which PDU may arrive in which state of a session, as one table for both ends.

Source: SMPP v3.4 §2.2 (states) and §2.3 (operations by state, table 2-1).
"""

from __future__ import annotations

from enum import StrEnum

from aldis.smpp.command import CommandId


class SessionState(StrEnum):
    """Where a session stands; OPEN is connected but not bound."""

    OPEN = "open"
    BOUND_TX = "bound_tx"
    BOUND_RX = "bound_rx"
    BOUND_TRX = "bound_trx"
    UNBOUND = "unbound"
    CLOSED = "closed"


class Role(StrEnum):
    """Which end of the wire we are."""

    ESME = "esme"
    SMSC = "smsc"


BIND_STATES = {
    CommandId.bind_transmitter: SessionState.BOUND_TX,
    CommandId.bind_receiver: SessionState.BOUND_RX,
    CommandId.bind_transceiver: SessionState.BOUND_TRX,
}
# tuples, because these are asked for every PDU and members of an enum hash slowly
BOUND = tuple(BIND_STATES.values())
OVER = (SessionState.UNBOUND, SessionState.CLOSED)

_ALWAYS = frozenset({CommandId.enquire_link, CommandId.unbind})
_OPERATIONS = frozenset(
    {
        CommandId.submit_sm,
        CommandId.submit_multi,
        CommandId.data_sm,
        CommandId.query_sm,
        CommandId.cancel_sm,
        CommandId.replace_sm,
    }
)
_DELIVERIES = frozenset({CommandId.deliver_sm, CommandId.data_sm, CommandId.alert_notification})

#: the requests that this end may receive in each state; the answer to any other is ESME_RINVBNDSTS
MAY_RECEIVE: dict[tuple[Role, SessionState], frozenset[CommandId]] = {
    (Role.SMSC, SessionState.OPEN): frozenset(BIND_STATES) | {CommandId.enquire_link},
    (Role.SMSC, SessionState.BOUND_TX): _ALWAYS | _OPERATIONS,
    (Role.SMSC, SessionState.BOUND_RX): _ALWAYS,
    (Role.SMSC, SessionState.BOUND_TRX): _ALWAYS | _OPERATIONS,
    (Role.ESME, SessionState.OPEN): frozenset({CommandId.outbind, CommandId.enquire_link}),
    (Role.ESME, SessionState.BOUND_TX): _ALWAYS,
    (Role.ESME, SessionState.BOUND_RX): _ALWAYS | _DELIVERIES,
    (Role.ESME, SessionState.BOUND_TRX): _ALWAYS | _DELIVERIES,
}
