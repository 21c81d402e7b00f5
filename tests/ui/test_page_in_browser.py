"""The page in a real Chromium, without a network: each of its views, and what goes wrong with a browser."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from camagent.cli.ui import loopback_socket
from camagent.document.compare import compare
from camagent.document.model import ScanDocument
from camagent.model.finding import Verdict
from camagent.model.text import message
from camagent.ui.access import Access
from camagent.ui.board import Board, Phase
from camagent.ui.page_server import Page as Server
from camagent.ui.page_server import Reports
from camagent.ui.rows import DeviceProgress
from tests.builders import NOW
from tests.publish.report.browser import CHROMIUM, Page, chromium
from tests.publish.samples import school, view
from tests.ui.in_browser import POST, STATUS, TOKEN, click, looks_right, press, tab, until
from tests.ui.page_at_work import QuietDesk

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium package")

LOST = "!document.getElementById('lost').hidden"
DETAIL = "document.getElementById('detail').open"
SHUT = "document.body.textContent"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chromium(tmp_path_factory.mktemp("chromium")) as address:
        yield address


class Program:
    """What `camagent ui` is to a browser: it may end, and come back on its port with its sessions."""

    def __init__(self, document: ScanDocument | None) -> None:
        self.board = Board("THCS Nguyễn Du", ("192.168.1.0/24",))
        if document is not None:
            show(self.board, document)
        self.desk = QuietDesk(self.board)
        self.access = Access(lambda: 0.0)
        self.port = 0
        self.link = ""
        self._server: Server | None = None

    @property
    def address(self) -> str:
        return self.link.partition("?")[0]

    async def begin(self, access: Access | None = None) -> None:
        kinds = {"json": ("camagent.json", "application/json", lambda one, _: one.compact_json())}
        self._server = Server(self.desk, Reports(kinds), access or self.access, "vi")
        listening = loopback_socket(self.port)
        self.port = listening.getsockname()[1]
        self.link = await self._server.open(listening)

    async def end(self) -> None:
        assert self._server is not None
        await self._server.close()


def show(board: Board, document: ScanDocument) -> None:
    board.document, board.of_now = document, True
    board.cameras = {camera.id: camera for camera in document.cameras}
    board.changed()


@asynccontextmanager
async def program(document: ScanDocument | None = None) -> AsyncIterator[Program]:
    one = Program(document)
    await one.begin()
    try:
        yield one
    finally:
        await one.end()


def at_the_page(
    browser: str,
    work: Callable[[Program, Page], Awaitable[None]],
    document: ScanDocument | None = None,
) -> None:
    async def run() -> None:
        async with program(document) as one, tab(browser, one.link) as page:
            await work(one, page)

    asyncio.run(run())


def busy(board: Board, phase: Phase) -> None:
    board.phase, board.devices = phase, {}
    for number, step in enumerate(("found", "asking", "queued", "watching", "waiting"), start=10):
        host = f"192.168.1.{number}"
        board.devices[host] = DeviceProgress(host, f"Camera {number}", "Hikvision DS-2CD2043G2", step)
    board.done, board.total, board.left_s = 3, 8, 41.0
    board.changed()


def compared(board: Board) -> None:
    now, before = view(school(12)), view(school(9, started_at=NOW - timedelta(days=1)))
    show(board, now)
    board.comparison = compare(before, now)
    board.problems = (message("ui.login_empty"),)
    board.login, board.waiting_for_trust = ("xem", ("192.168.1.0/24",)), 4
    board.notice = message("ui.told.checked")
    board.phase = Phase.IDLE
    board.changed()


async def no_barrier(page: Page, where: str) -> None:
    """axe-core, light and dark, on a phone and on a desktop."""
    for width, scheme in ((390, "light"), (1280, "light"), (1280, "dark")):
        await page.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        await page.call("Emulation.setEmulatedMedia", features=features)
        assert await page.barriers() == [], f"{where}, {width} px, {scheme}"
    await page.call("Emulation.setEmulatedMedia", features=[])


async def switch_language(page: Page, lang: str) -> None:
    await page.call("Page.navigate", url=await page.ask(f"location.origin + '/?lang={lang}'"))
    await until(page, f"document.documentElement?.lang === '{lang}' && {STATUS}")


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_no_view_has_a_barrier_for_a_screen_reader_or_a_keyboard(browser: str, lang: str) -> None:
    async def work(one: Program, page: Page) -> None:
        await switch_language(page, lang)
        await no_barrier(page, "before anything was done")
        for phase in (Phase.SEARCH, Phase.CHECK, Phase.SECOND_LOOK):
            busy(one.board, phase)
            await until(page, "document.querySelectorAll('#list .card').length === 5")
            await no_barrier(page, phase.value)
        one.board.devices = {}
        compared(one.board)
        await until(page, "document.querySelectorAll('#list .card').length === 12")
        await page.ask("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        await looks_right(page)
        await no_barrier(page, "result")
        for verdict in Verdict:
            await click(page, f".card.{verdict.value} button")
            await until(page, DETAIL)
            await page.ask(
                "document.querySelectorAll('#detail details').forEach((one) => { one.open = true; })"
            )
            await no_barrier(page, verdict.value)
            await press(page, "Escape", 27)
            await until(page, f"!{DETAIL}")
        await one.end()
        await until(page, LOST)
        await no_barrier(page, "connection lost")
        await one.begin()
        one.board.phase = Phase.ENDED
        one.board.changed()
        await until(page, "document.getElementById('end').disabled")
        await no_barrier(page, "ended")

    at_the_page(browser, work)


SENT_BY_A_STRANGER = """(async (ours) => {
  const tried = [];
  for (const path of ["/search", "/login", "/scan", "/again", "/stop", "/end"]) {
    for (const type of ["application/json", "text/plain"]) {
      await fetch(ours + path, {method: "POST", body: "{}", mode: type === "text/plain" ? "no-cors" : "cors",
        credentials: "include", headers: {"Content-Type": type}}).catch((error) => tried.push(error.name));
    }
  }
  const seen = await fetch(ours, {credentials: "include"}).then((reply) => reply.text()).catch(() => "");
  const stream = await new Promise((done) => {
    const events = new EventSource(ours + "events", {withCredentials: true});
    events.onmessage = events.onopen = () => done(true);
    events.onerror = () => done(false);
  });
  return [tried.length, seen, stream];
})"""
AFTER_TWO_FRAMES = "new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"
FOCUSED = """(() => {
  const node = document.activeElement, style = getComputedStyle(node), box = node.getBoundingClientRect();
  return [node.id || node.textContent.trim(), style.outlineStyle !== "none" && style.outlineWidth !== "0px",
    box.top >= 0 && box.bottom <= innerHeight];
})()"""


def test_the_link_opened_again_leads_in_only_where_it_led_in_before(browser: str) -> None:
    async def work(one: Program, page: Page) -> None:
        await page.call("Page.navigate", url=one.link)
        await until(page, f"location.search === '' && {STATUS}")
        await page.call("Network.clearBrowserCookies")
        await page.call("Page.navigate", url=one.link)
        await until(page, f"{SHUT}.includes('một lần cho mỗi liên kết')")

    at_the_page(browser, work)


def test_a_strangers_page_changes_nothing_and_reads_nothing(browser: str) -> None:
    async def work(one: Program, page: Page) -> None:
        # Another name of this machine, with the session's cookie in the same browser.
        await page.call("Page.navigate", url=one.address.replace("127.0.0.1", "evil.example"))
        await until(page, f"{SHUT}.includes('421')")
        attempted, readable, has_stream = await page.ask(f"{SENT_BY_A_STRANGER}({json.dumps(one.address)})")
        assert attempted >= 6 and readable == "" and has_stream is False
        assert one.desk.asked == []
        await page.call("Page.navigate", url=one.address)
        await until(page, f"document.querySelector('meta[name=csrf]') && {STATUS}")
        assert await page.ask(POST.format("/stop", "'guessed'")) == 403 and one.desk.asked == []
        assert await page.ask(POST.format("/stop", TOKEN)) == 200 and one.desk.asked == ["stop"]

    at_the_page(browser, work)


def test_a_tab_that_slept_gave_its_connection_back_and_shows_what_happened_meanwhile(browser: str) -> None:
    # Frozen, headless Chromium hides the tab for good: that somebody looks again is said to it.
    seen_again = """(() => {
      Object.defineProperty(document, "hidden", {configurable: true, get: () => false});
      document.dispatchEvent(new Event("visibilitychange"));
    })()"""

    async def work(one: Program, page: Page) -> None:
        busy(one.board, Phase.CHECK)
        await until(page, f"{STATUS}.includes('3 trên 8')")
        await page.call("Page.setWebLifecycleState", state="frozen")
        one.board.phase, one.board.devices = Phase.IDLE, {}
        show(one.board, view(school(7)))
        await page.call("Page.setWebLifecycleState", state="active")
        await until(page, "document.hidden")
        for _ in range(100):  # of the six connections that a browser opens to one server, it holds none
            one.board.changed()
            await asyncio.sleep(0.1)
            if one.board.watchers == 0:
                break
        assert one.board.watchers == 0
        await page.ask(seen_again)
        await until(page, "document.querySelectorAll('#list .card').length === 7")
        assert not await page.ask(LOST) and await page.ask("document.getElementById('stop').hidden")
        assert one.board.watchers == 1

    at_the_page(browser, work)


def test_a_program_that_comes_back_is_joined_and_another_one_is_not(browser: str) -> None:
    async def work(one: Program, page: Page) -> None:
        await one.end()
        await until(page, LOST)
        await click(page, "#f-search button")  # says the same, and takes the next click
        await until(page, "!document.querySelector('#f-search button').disabled")
        await page.ask("document.querySelector('.card button').click()")
        await until(page, DETAIL)
        assert "Mất liên lạc" in await page.ask("document.getElementById('d-status').textContent")
        await press(page, "Escape", 27)
        await one.begin()
        await until(page, f"!({LOST})")
        await one.end()
        await one.begin(Access(lambda: 0.0))  # knows nothing of our session
        await until(page, LOST)
        await asyncio.sleep(0.2)
        assert one.desk.asked == []
        await one.end()
        await one.begin()  # after a refusal, which ends a stream for good
        show(one.board, view(school(3)))
        await until(page, f"!({LOST}) && document.querySelectorAll('#list .card').length === 3")
        assert [complaint for complaint in page.complaints() if "exceptionThrown" in complaint] == []

    at_the_page(browser, work, view(school(5)))


def test_a_second_click_is_no_second_order(browser: str) -> None:
    async def work(one: Program, page: Page) -> None:
        await page.ask(
            "(() => { const one = document.querySelector('#f-search button'); one.click(); one.click(); })()"
        )
        await until(page, "document.querySelector('#f-search button').disabled")
        assert one.desk.asked == [("search", ("192.168.1.0/24",))]

    at_the_page(browser, work)


def test_all_of_it_is_done_with_the_keyboard_alone(browser: str) -> None:
    async def work(one: Program, page: Page) -> None:
        compared(one.board)
        one.board.searched_at = NOW
        one.board.changed()
        await until(page, "!document.getElementById('scan').disabled")
        await page.ask("document.getElementById('end').focus()")
        names: list[str] = []
        for _ in range(60):
            await press(page, "Tab", 9)
            name, is_marked, is_in_sight = await page.ask(FOCUSED)
            names.append(name)
            assert is_marked and is_in_sight, name
            await use(page, name, names)
            if name == "print":
                break
        assert {"ranges", "user", "password", "keep", "trust", "scan", "find", "print"} <= set(names)
        assert sum(name.startswith("Xem") for name in names) == 12
        assert one.desk.asked == [
            ("search", ("192.168.1.0/24",)),
            ("login", "xem", "geheim"),
            ("scan", True),
            ("again", one.board.as_json("vi")["cameras"][0]["id"]),
        ]

    at_the_page(browser, work)


async def use(page: Page, name: str, names: list[str]) -> None:
    """What a person does with the control that the focus is on."""
    if name in ("ranges", "scan"):
        await press(page, "Enter", 13)
    elif name in ("user", "password"):
        await page.call("Input.insertText", text="xem" if name == "user" else "geheim")
        if name == "password":
            await press(page, "Enter", 13)
            await until(page, "document.getElementById('password').value === ''")
    elif name == "trust":
        await page.call("Input.dispatchKeyEvent", type="keyDown", key=" ", code="Space", text=" ")
        await page.call("Input.dispatchKeyEvent", type="keyUp", key=" ", code="Space")
    elif name.startswith("Xem") and sum(one.startswith("Xem") for one in names) == 1:
        await press(page, "Enter", 13)
        await until(page, f"{DETAIL} && document.activeElement.id === 'd-name'")
        while await page.ask("document.activeElement.id") != "again":
            await press(page, "Tab", 9)
        await press(page, "Enter", 13)
        await press(page, "Escape", 27)
        await until(page, f"!{DETAIL} && document.activeElement.closest('.card') !== null")
        await page.ask(AFTER_TWO_FRAMES)  # the page hears a little later that its dialog was closed


def test_the_list_and_one_camera_print_on_a4(browser: str) -> None:
    async def pages(page: Page) -> bytes:
        return base64.b64decode(
            (await page.call("Page.printToPDF", paperWidth=8.27, paperHeight=11.69))["data"]
        )

    async def work(one: Program, page: Page) -> None:
        await until(page, "document.querySelectorAll('#list .card').length === 12")
        paper = await pages(page)
        assert paper.startswith(b"%PDF") and 1 <= paper.count(b"/Type /Page\n") <= 3
        await page.call("Emulation.setEmulatedMedia", media="print")
        for hidden in ("ranges", "password", "scan", "end", "find"):
            assert not await page.ask(f"document.getElementById('{hidden}').checkVisibility()"), hidden
        assert await page.ask("document.getElementById('provisional').checkVisibility()")
        await page.call("Emulation.setEmulatedMedia", media="")
        await click(page, ".card.not_ready button")
        await until(page, DETAIL)
        await page.call("Emulation.setEmulatedMedia", media="print")
        assert not await page.ask("document.getElementById('again').checkVisibility()")
        assert not await page.ask("document.getElementById('list').checkVisibility()")
        assert await page.ask("document.querySelector('#detail .todo').checkVisibility()")
        assert (await pages(page)).count(b"/Type /Page\n") <= 2

    at_the_page(browser, work, view(school(12)))
