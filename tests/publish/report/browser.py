"""A headless Chromium, driven over its DevTools socket: what a person's browser would do with our page."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

T = TypeVar("T")
CHROMIUM = shutil.which("chromium")
STEP_S = 100.0  # one DevTools command; a page of ours takes well under a second
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--remote-debugging-address=127.0.0.1",
    "--remote-debugging-port=0",
    "--lang=vi",
    "--host-resolver-rules=MAP evil.example 127.0.0.1",
)
"""The last: a stranger's name that leads to this machine, as its owner could arrange."""

PHONE = (
    'Emulation.setDeviceMetricsOverride {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": true}'
)
DARK = 'Emulation.setEmulatedMedia {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}'

# The contrast of every visible text with the nearest background that is not transparent, after WCAG 2.
CONTRAST = """(() => {
  const curve = (part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const channel = (value) => curve(value / 255);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const numbers = (text) => text.match(/[0-9.]+/g).map(Number);
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return numbers(getComputedStyle(document.documentElement).backgroundColor);
  };
  const worst = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    if (!walk.currentNode.textContent.trim() || !node.checkVisibility()) continue;
    if (["STYLE", "SCRIPT", "OPTION"].includes(node.tagName)) continue;
    const style = getComputedStyle(node);
    const bar = node.namespaceURI.endsWith("svg") && node.classList.contains("on-bar");
    const front = numbers(node.namespaceURI.endsWith("svg") ? style.fill : style.color);
    const drawn = () => getComputedStyle(node.parentElement.querySelector(".bar")).fill;
    const back = bar ? numbers(drawn()) : ground(node);
    const [a, b] = [light(front), light(back)].sort((x, y) => y - x);
    const text = walk.currentNode.textContent.trim().slice(0, 40);
    worst.push([(a + 0.05) / (b + 0.05), text, style.color, back.join()]);
  }
  return worst.sort((x, y) => x[0] - y[0]).slice(0, 5);
})()"""

# The smallest visible letter in CSS pixels, after the scale of a drawing.
SMALLEST = """(() => {
  const sizes = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    if (!walk.currentNode.textContent.trim() || !node.checkVisibility()) continue;
    if (node.closest("style, script")) continue;
    const drawing = node.closest("svg");
    const scale = drawing && drawing.viewBox.baseVal ? drawing.getScreenCTM().a : 1;
    sizes.push(parseFloat(getComputedStyle(node).fontSize) * scale);
  }
  return Math.min(...sizes);
})()"""


AXE = Path(__file__).resolve().parents[3] / ".setup/peers/axe-4.14.1/node_modules/axe-core/axe.min.js"
"""Deque's checker of what a screen reader and a keyboard need; `make peers` fetches it."""

AXE_RUN = """axe.run(document, {resultTypes: ["violations"], preload: false}).then((result) =>
  result.violations.filter((one) => ["serious", "critical"].includes(one.impact)).flatMap((one) =>
    one.nodes.map((node) => `${one.impact} ${one.id}: ${node.html.slice(0, 160)} ${node.failureSummary}`)))"""


class Page:
    """One tab: commands out, events kept."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self.events: list[dict[str, Any]] = []

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        async with asyncio.timeout(STEP_S):
            while True:
                reply = json.loads(await self._socket.receive_str())
                if reply.get("id") == self._number:
                    assert "error" not in reply, reply
                    result: dict[str, Any] = reply["result"]
                    return result
                self.events.append(reply)

    async def wait_for(self, event: str) -> None:
        async with asyncio.timeout(STEP_S):
            while not any(entry.get("method") == event for entry in self.events):
                self.events.append(json.loads(await self._socket.receive_str()))

    async def ask(self, expression: str) -> Any:
        reply = await self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in reply, reply
        return reply["result"].get("value")

    async def barriers(self) -> list[str]:
        """Serious and critical violations that axe-core sees in the page as it is now."""
        if not await self.ask("'axe' in window"):
            await self.call("Runtime.evaluate", expression=AXE.read_text(encoding="utf-8"))
        violations: list[str] = await self.ask(AXE_RUN)
        return violations

    async def open(self, path: Path) -> None:
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.call(f"{domain}.enable")
        await self.call("Page.navigate", url=path.as_uri())
        await self.wait_for("Page.loadEventFired")

    def told(self, method: str) -> list[dict[str, Any]]:
        return [event["params"] for event in self.events if event.get("method") == method]

    def complaints(self) -> list[str]:
        """Console errors, exceptions and blocked loads."""
        return [
            json.dumps(event)[:400]
            for event in self.events
            if event.get("method")
            in ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")
        ]

    def requests(self) -> list[str]:
        return [event["request"]["url"] for event in self.told("Network.requestWillBeSent")]


@contextmanager
def chromium(folder: Path) -> Iterator[str]:
    """A fresh browser; yields its DevTools address on loopback."""
    assert CHROMIUM is not None
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={folder}", "about:blank"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if match := re.search(r"DevTools listening on ws://([0-9.:]+)/", line):
                yield match[1]
                break
        else:
            raise AssertionError("chromium did not open its DevTools port")
    finally:
        process.kill()
        process.communicate(timeout=20)


def visit(address: str, path: Path, work: Callable[[Page], Awaitable[T]], prepare: str | None = None) -> T:
    """Open the file in a new tab, optionally after one DevTools command, and do the work there."""

    async def run() -> T:
        async with aiohttp.ClientSession() as session:
            async with session.put(f"http://{address}/json/new?about:blank") as reply:
                tab = await reply.json()
            async with session.ws_connect(tab["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                page = Page(socket)
                if prepare:
                    method, _, parameters = prepare.partition(" ")
                    await page.call(method, **json.loads(parameters))
                await page.open(path)
                result = await work(page)
            await (await session.get(f"http://{address}/json/close/{tab['id']}")).read()
            return result

    return asyncio.run(run())
