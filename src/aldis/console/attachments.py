"""Gives parts of multimedia messages to browsers and programs, so that nothing in them runs."""

from __future__ import annotations

from starlette.responses import Response

from aldis.console.page import RequestContext

#: what a browser may show by itself; SVG is a program
SHOWN = frozenset(
    [f"image/{kind}" for kind in ("jpeg", "png", "gif", "bmp", "webp")]
    + [f"audio/{kind}" for kind in ("mpeg", "aac", "wav", "amr")]
    + [f"video/{kind}" for kind in ("mp4", "3gpp", "mpeg")]
)


async def content(context: RequestContext) -> Response:
    """Give a picture or other part of a multimedia message; what no browser should run is only downloaded."""
    asked = context.request.path_params
    content_type, octets = context.services.phones.content(asked["content_id"], asked["part"])
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in SHOWN:
        headers = {"content-disposition": f'attachment; filename="part-{asked["part"]}"'}
        return Response(octets, headers=headers, media_type="application/octet-stream")
    return Response(octets, media_type=kind)
