"""What a cell keeps of itself (one database with its gateways, among others that have other accounts), and of
accounts that leave it for another one.

Of an account that leaves (`Directory.leaving`) nothing is sent and posted any more: what waits is withheld,
where no sender finds it, and each gateway says when it has nothing of it in hand. Then it is closed
(`Directory.closed`): nothing is accepted or answered, and the gateways say that they know.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from aldis.store.contract.ownership import Lease

#: of the link under which what is withheld waits: no link has such a name
WITHHELD = "moving "


class CellStore(Protocol):
    """The cell of the store."""

    async def number(self, wanted: int) -> int:
        """Give the cell's number (below `CELLS`), which is part of its ids: `wanted`, if it has none yet."""

    async def withhold(self, lease: Lease, accounts: Collection[int], limit: int) -> int:
        """Withhold up to `limit` messages that wait for accounts which leave; not what our senders have in
        hand, nor what is in a slot that another has. `lease`: one that is ours. Returns how many.
        """

    async def release(self, holder: str, accounts: Collection[int], closed: Collection[int]) -> None:
        """Write that a gateway has nothing of some accounts to post in hand, and knows which are closed.
        `holder`: the name under which it takes leases.
        """
