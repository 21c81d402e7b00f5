"""axe-core on every page that camagent writes or serves beside its own: no barrier that is serious."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from camagent.document.compare import compare
from camagent.document.site_status import AgentSnapshot
from camagent.exporter.status_page import render_status_page
from camagent.report.area_html import render_area_html
from camagent.report.earlier_scans import EarlierScans
from camagent.report.html import render_html
from tests.builders import NOW, profile_stamp, site
from tests.publish.report.browser import CHROMIUM, Page, chromium, visit
from tests.publish.samples import camera, hostile_school, school, status, view
from tests.publish.test_area import merged, named, put

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium package")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chromium(tmp_path_factory.mktemp("chromium")) as address:
        yield address


def pages(lang: str, folder: Path) -> dict[str, str]:
    now, before = view(school(20)), view(school(15, started_at=NOW - timedelta(days=1)))
    put(folder, "a.json", named("1", "Lê Lợi", 6))
    put(folder, "b.json", named("2", "Đống Đa", 4))
    watched = AgentSnapshot(site(), NOW, tuple(status(camera(n)) for n in range(6)), profile_stamp())
    return {
        "report": render_html([now], lang, EarlierScans(compare(before, now))),
        "several schools": render_html([now, before], lang),
        "nothing found": render_html([view(school(0))], lang),
        "hostile": render_html([view(hostile_school())], lang),
        "area": render_area_html(merged(folder), lang),
        "status": render_status_page(watched, lang),
    }


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_no_page_has_a_barrier_for_a_screen_reader_or_a_keyboard(
    browser: str, tmp_path: Path, lang: str
) -> None:
    async def work(page: Page) -> list[str]:
        barriers: list[str] = []
        await page.ask("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        for width, scheme in ((390, "light"), (1280, "dark")):
            await page.call(
                "Emulation.setDeviceMetricsOverride",
                width=width,
                height=800,
                deviceScaleFactor=1,
                mobile=False,
            )
            features = [{"name": "prefers-color-scheme", "value": scheme}]
            await page.call("Emulation.setEmulatedMedia", features=features)
            barriers.extend(f"{width} px, {scheme}: {one}" for one in await page.barriers())
        return barriers

    (tmp_path / "results").mkdir()
    for name, text in pages(lang, tmp_path / "results").items():
        file = tmp_path / f"{name}.html"
        file.write_text(text, encoding="utf-8")
        assert visit(browser, file, work) == [], name
