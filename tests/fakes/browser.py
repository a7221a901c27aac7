"""A browser at a gateway's console, as far as HTTP goes: cookies, forms with their token, no scripts."""

from __future__ import annotations

import re
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

_TOKEN = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


class Browser:
    """One person's browser."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.csrf = ""
        self.session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.session.close()

    async def sign_in(self, name: str = "demo", password: str = "demo-console") -> int:
        """Sign in; returns the status of the page that comes."""
        form = {"name": name, "password": password, "next": "/"}
        async with self.session.post(self.base + "/sign-in", data=form) as answer:
            found = _TOKEN.search(await answer.text())
            self.csrf = found[1] if found else ""
            return answer.status

    async def get(self, path: str, **parameters: str) -> tuple[int, str]:
        """Open a page."""
        async with self.session.get(self.base + path, params=parameters) as answer:
            return answer.status, await answer.text()

    async def post(self, path: str, *, token: bool = True, **form: str) -> tuple[int, str]:
        """Send a form, and follow to the page that comes."""
        data = {"csrf": self.csrf, **form} if token else form
        async with self.session.post(self.base + path, data=data) as answer:
            return answer.status, await answer.text()

    async def fill(self, path: str, form: dict[str, str]) -> tuple[int, str]:
        """Send a form whose fields are named by values, as `post` does."""
        async with self.session.post(self.base + path, data={"csrf": self.csrf, **form}) as answer:
            return answer.status, await answer.text()

    async def ask(self, method: str, path: str, **headers: str) -> tuple[int, str, str]:
        """Send anything, follow nothing; returns status, where to, and body."""
        async with self.session.request(
            method, self.base + path, headers=headers, allow_redirects=False
        ) as answer:
            return answer.status, answer.headers.get("location", ""), await answer.text()

    @property
    def cookies(self) -> dict[str, str]:
        """What the console has had kept."""
        found = self.session.cookie_jar.filter_cookies(URL(self.base))
        return {name: cookie.value for name, cookie in found.items()}
