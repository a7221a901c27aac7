"""`/v1/nodes`: the gateways that work on one database, and orders to them."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from aldis.accounts.staff import Role
from aldis.admin.node_document import NodeDocument, document_of
from aldis.admin.nodes import unequal
from aldis.console.api.documents import answer, body_of
from aldis.console.page import Calls, RequestContext


class NodeList(msgspec.Struct, frozen=True):
    """All nodes by name; none where a gateway has its store to itself."""

    nodes: list[NodeDocument]
    #: what should be the same on all that are alive, and is not, in sentences
    unequal: list[str]


class ToNode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which node."""

    #: its whole name, or its host where that is no other's
    name: str


CALLS = Calls()


@CALLS.add("GET", "/v1/nodes", "Tell which gateways work on the database", gives=NodeList)
async def _nodes(context: RequestContext) -> Response:
    return await _listed(context, 200)


@CALLS.add(
    "POST",
    "/v1/nodes/{order}",
    "Drain a gateway, have it back (undrain), or forget a lost one (remove)",
    Role.OPERATOR,
    takes=ToNode,
    gives=NodeList,
    status=202,
)
async def _order(context: RequestContext) -> Response:
    wanted = await body_of(context, ToNode)
    await context.services.nodes.order(context.actor, wanted.name, context.part("order"), context.now)
    return await _listed(context, 202)


async def _listed(context: RequestContext, status: int) -> Response:
    found = await context.services.nodes.all()
    return answer(NodeList([document_of(each) for each in found], unequal(found)), status)
