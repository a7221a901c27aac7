"""What the demo and the pages show is what the protocols allow."""

from __future__ import annotations

import re
import tomllib

from tests.house.sources import ROOT, SRC


def test_what_the_demo_shows_is_what_smpp_allows() -> None:
    for link in tomllib.loads((SRC / "demo" / "aldis.toml").read_text())["link"]:
        if link.get("kind", "smpp") == "smpp":
            assert (len(link["password"]) <= 8, len(link["system_id"]) <= 15) == (True, True)
    pages = [page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs").rglob("*.md"))]
    shown = re.findall(r"--system-id \S+ --password (\S+)", "\n".join(pages))
    assert shown
    assert max(map(len, shown)) <= 8  # SMPP v3.4 §5.2.4
