"""A page of `camagent ui` without a network: its desk remembers what it was asked to do."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from camagent.cli.ui import loopback_socket
from camagent.document.model import ScanDocument
from camagent.model.secret import Credential
from camagent.ui.access import Access
from camagent.ui.board import Board
from camagent.ui.desk import Desk
from camagent.ui.page_server import Page, Reports


class QuietDesk(Desk):
    """Does nothing, and says what it was asked for."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.asked: list[object] = []

    def search(self, ranges: tuple[str, ...]) -> None:
        self.asked.append(("search", ranges))

    def scan(self, *, trust_new: bool) -> None:
        self.asked.append(("scan", trust_new))

    def check_again(self, camera_id: str) -> None:
        self.asked.append(("again", camera_id))

    def keep_login(self, login: Credential) -> None:
        self.asked.append(("login", login.user, login.secret.reveal()))

    def stop(self) -> None:
        self.asked.append("stop")


@dataclass(slots=True)
class Opened:
    """The page, its browser, and its address with the token."""

    page: Page
    desk: QuietDesk
    client: aiohttp.ClientSession
    link: str
    now_s: list[float]

    @property
    def origin(self) -> str:
        return self.page.address.rstrip("/")

    @property
    def port(self) -> int:
        return int(self.origin.rpartition(":")[2])

    async def enter(self) -> str:
        """Exchange the token; the CSRF token of the session."""
        async with self.client.get(self.link) as reply:
            text = await reply.text()
        return text.split('name="csrf" content="')[1].split('"')[0]

    async def post(self, path: str, fields: Any, **headers: str) -> aiohttp.ClientResponse:
        """One POST; the body is read."""
        sent = {"Content-Type": "application/json", "Origin": self.origin} | headers
        sent = {name: value for name, value in sent.items() if value}
        async with self.client.post(self.origin + path, data=json.dumps(fields), headers=sent) as reply:
            await reply.read()
            return reply


def page_with(document: ScanDocument | None = None) -> tuple[Page, QuietDesk, list[float]]:
    """A page that is not open yet; the third is its clock."""
    board = Board("THCS Nguyễn Du", ("192.168.1.0/24",))
    if document is not None:
        board.document = document
        board.cameras = {camera.id: camera for camera in document.cameras}
    desk, now_s = QuietDesk(board), [0.0]
    reports = Reports({"json": ("camagent.json", "application/json", lambda one, _: one.compact_json())})
    return Page(desk, reports, Access(lambda: now_s[0]), "vi"), desk, now_s


@asynccontextmanager
async def opened(document: ScanDocument | None = None) -> AsyncIterator[Opened]:
    """The page on a free port, and a client that keeps cookies of addresses."""
    page, desk, now_s = page_with(document)
    link = await page.open(loopback_socket(0))
    jar = aiohttp.CookieJar(unsafe=True)
    try:
        async with aiohttp.ClientSession(cookie_jar=jar) as client:
            yield Opened(page, desk, client, link, now_s)
    finally:
        await page.close()
