"""The page of `camagent ui` in a tab of a real Chromium: what a person does there, and how it looks."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.publish.report.browser import CONTRAST, DARK, SMALLEST, Page

LONGEST_S = 120.0  # a scan of three simulated cameras with its second look takes 60 s on a busy machine
WIDTHS_PX = (390, 768, 1280, 1920)
STATUS = "document.getElementById('status')?.textContent"
BADGES = "[...document.querySelectorAll('#list .badge')].map((node) => node.textContent)"
IDLE = "document.getElementById('stop').hidden"
TOKEN = "document.querySelector('meta[name=csrf]').content"
POST = """fetch('{}', {{method: 'POST', body: '{{}}',
  headers: {{'Content-Type': 'application/json', 'X-Camagent': {}}}}}).then((reply) => reply.status)"""

# What a screen reader needs: names of controls, order of headings, one main part, no trap in the tab order.
UNNAMED = """[...document.querySelectorAll('input, button, a, select, dialog, progress')].filter((node) =>
  !node.labels?.length && !node.textContent.trim() && !node.getAttribute('aria-label')
  && !node.getAttribute('aria-labelledby')).map((node) => node.outerHTML)"""
HEADINGS = """[...document.querySelectorAll('h1, h2, h3, h4')].filter((node) => node.checkVisibility())
  .map((node) => Number(node.tagName[1]))"""
BROKEN_REFERENCES = """[...document.querySelectorAll('[aria-labelledby], [aria-describedby], [for]')]
  .flatMap((node) => ['aria-labelledby', 'aria-describedby', 'for'].flatMap((name) =>
    (node.getAttribute(name) || '').split(' '))
  .filter((id) => id && !document.getElementById(id)))"""
PICTURES = "document.querySelectorAll('img, video, canvas, picture, object, embed, iframe').length"
SMALL_TARGETS = """[...document.querySelectorAll('button')].filter((node) => node.checkVisibility()
  && node.getBoundingClientRect().height < 24).map((node) => node.textContent)"""


@asynccontextmanager
async def tab(browser: str, url: str) -> AsyncIterator[Page]:
    """A new tab at that address; closed at the end."""
    async with aiohttp.ClientSession() as session:
        async with session.put(f"http://{browser}/json/new?about:blank") as reply:
            opened = await reply.json()
        async with session.ws_connect(opened["webSocketDebuggerUrl"], max_msg_size=0) as socket:
            page = Page(socket)
            for domain in ("Page", "Runtime", "Log", "Network"):
                await page.call(f"{domain}.enable")
            await page.call("Page.navigate", url=url)
            await page.wait_for("Page.loadEventFired")
            await until(page, f"{STATUS} !== ''")
            yield page
        await (await session.get(f"http://{browser}/json/close/{opened['id']}")).read()


async def until(page: Page, expression: str) -> Any:
    """Wait until it is true; what it was in the end."""
    ends_s = time.monotonic() + LONGEST_S
    while not (value := await page.ask(expression)):
        assert time.monotonic() < ends_s, f"{expression}: {await page.ask(STATUS)}"
        await asyncio.sleep(0.2)
    return value


async def click(page: Page, selector: str) -> None:
    await page.ask(f"document.querySelector({json.dumps(selector)}).click()")


async def fill(page: Page, field: str, text: str) -> None:
    await page.ask(f"document.getElementById('{field}').value = {json.dumps(text)}")


async def press(page: Page, key: str, code: int) -> None:
    extra = {"text": "\r"} if key == "Enter" else {}
    for kind in ("keyDown", "keyUp"):
        await page.call(
            "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **extra
        )


async def looks_right(page: Page) -> None:
    """Widths without sideways scrolling, contrast in both schemes, letters, names, headings, no picture."""
    for width in WIDTHS_PX:
        await page.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False
        )
        assert await page.ask("document.documentElement.scrollWidth") <= width, width
    for scheme in (None, DARK):
        if scheme:
            method, _, parameters = scheme.partition(" ")
            await page.call(method, **json.loads(parameters))
        worst = await page.ask(CONTRAST)
        assert all(ratio >= 4.5 for ratio, *_ in worst), worst
    await page.call("Emulation.setEmulatedMedia", features=[])
    assert await page.ask(SMALLEST) >= 12
    assert await page.ask(UNNAMED) == [] and await page.ask(BROKEN_REFERENCES) == []
    assert await page.ask(SMALL_TARGETS) == [] and await page.ask(PICTURES) == 0
    levels = await page.ask(HEADINGS)
    assert levels[0] == 1 and all(
        after - before <= 1 for before, after in zip(levels, levels[1:], strict=False)
    )
