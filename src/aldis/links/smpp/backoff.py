"""How long to wait before connecting again. Pure.

Doubles from half a second to half a minute, each wait somewhere between half of that and the whole, so that a
hundred gateways do not knock on a restarted SMSC at once. A refused bind waits long from the start: asking
again will not change a password.
"""

from __future__ import annotations

FIRST_S = 0.5
LONGEST_S = 30.0


def wait_s(failures: int, jitter: float, *, refused: bool) -> float:
    """Give the wait after so many failures in a row (1 or more); jitter is 0..1."""
    whole = LONGEST_S if refused else min(FIRST_S * 2.0 ** min(failures - 1, 16), LONGEST_S)
    return whole * (0.5 + jitter / 2)
