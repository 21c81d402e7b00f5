"""The page in a real browser: renders, filters, sorts, prints; asks for nothing, runs nothing of a
camera's."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from camagent.document.compare import compare
from camagent.report.earlier_scans import EarlierScans
from camagent.report.html import render_html
from tests.publish.report.browser import CHROMIUM, CONTRAST, DARK, PHONE, SMALLEST, Page, chromium, visit
from tests.publish.samples import HOSTILE, hostile_school, school, view

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium package")

SOON_TRIES, SOON_STEP_S = 40, 0.25  # until a busy machine has drawn the page anew
NO_SCRIPT = 'Emulation.setScriptExecutionDisabled {"value": true}'
SHOWN = "[...document.querySelectorAll('#upgrades tbody tr')].filter(row => row.offsetParent).length"
NAMES = "[...document.querySelectorAll('#upgrades tbody tr')].map(row => row.cells[1].textContent)"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chromium(tmp_path_factory.mktemp("chromium")) as address:
        yield address


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    now, before = view(school(20)), view(school(15))
    path.write_text(render_html([now], "vi", EarlierScans(compare(before, now))), encoding="utf-8")
    return path


def test_the_page_loads_without_a_complaint_or_a_request(browser: str, page_file: Path) -> None:
    async def work(page: Page) -> None:
        assert await page.ask("document.title") == "Báo cáo mức độ sẵn sàng của camera – THCS Nguyễn Du"
        assert await page.ask("document.querySelectorAll('article.camera').length") == 20
        assert await page.ask(SHOWN) == 16
        assert page.requests() == [page_file.as_uri()]
        assert page.complaints() == []

    visit(browser, page_file, work)


@pytest.mark.parametrize("device", [None, PHONE], ids=["desk", "phone"])
def test_the_filter_narrows_by_words_verdict_and_action(
    browser: str, page_file: Path, device: str | None
) -> None:
    async def choose(page: Page, field: str, value: str) -> Any:
        return await page.ask(
            f"(() => {{ const field = document.getElementById('{field}'); field.value = '{value}';"
            " field.dispatchEvent(new Event('input', {bubbles: true}));"
            f" return [{SHOWN}, document.getElementById('shown').textContent]; }})()"
        )

    async def work(page: Page) -> None:
        shown, text = await choose(page, "verdict", "undetermined")
        assert (shown, text) == (4, "Đang hiện 4 trên 20 camera")
        assert (await choose(page, "action", "replace"))[0] == 0
        assert (await choose(page, "verdict", ""))[0] == 4
        assert (await choose(page, "action", ""))[0] == 16
        assert (await choose(page, "search", "cong phu"))[1] == (await choose(page, "search", "Cổng PHỤ"))[1]
        assert 0 < (await choose(page, "search", "cong phu"))[0] < 16
        assert (await choose(page, "search", "no such thing"))[0] == 0

    visit(browser, page_file, work, device)


def test_the_table_sorts_in_vietnamese_order_by_mouse_and_keyboard(browser: str, page_file: Path) -> None:
    head = "document.querySelector('#upgrades thead').rows[0].cells[1]"

    async def work(page: Page) -> None:
        before = await page.ask(NAMES)
        await page.ask(f"{head}.querySelector('button').click()")
        rising = await page.ask(NAMES)
        assert await page.ask(f"{head}.getAttribute('aria-sort')") == "ascending"
        assert rising == await page.ask(f"{NAMES}.sort(new Intl.Collator('vi', {{numeric: true}}).compare)")
        assert rising != before and sorted(rising) == sorted(before)
        await page.ask(f"{head}.querySelector('button').focus()")
        for kind in ("keyDown", "keyUp"):
            await page.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key="Enter",
                code="Enter",
                windowsVirtualKeyCode=13,
                text="\r",
            )
        assert await page.ask(NAMES) == rising[::-1]

    visit(browser, page_file, work)


def test_everything_can_be_reached_with_the_tab_key(browser: str, page_file: Path) -> None:
    async def work(page: Page) -> None:
        element_ids = set()
        for _ in range(60):
            for kind in ("keyDown", "keyUp"):
                await page.call(
                    "Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9
                )
            element_ids.add(await page.ask("document.activeElement.id || document.activeElement.tagName"))
        assert {"search", "verdict", "action", "BUTTON", "A", "SUMMARY"} <= element_ids

    visit(browser, page_file, work)


def test_everything_is_readable_without_script(browser: str, page_file: Path) -> None:
    async def work(page: Page) -> None:
        assert await page.ask(SHOWN) == 16
        assert await page.ask("document.getElementById('controls').hidden") is True
        assert await page.ask("document.querySelectorAll('thead button').length") == 0
        folded = "Độ phân giải luồng chính"
        assert folded not in await page.ask("document.body.innerText")
        await page.ask("document.querySelectorAll('summary').forEach(summary => summary.click())")
        assert folded in await page.ask("document.body.innerText")

    visit(browser, page_file, work, NO_SCRIPT)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_the_contrast_of_wcag_aa(browser: str, page_file: Path, scheme: str) -> None:
    async def work(page: Page) -> None:
        worst = await page.ask(CONTRAST)
        assert len(worst) == 5
        assert worst[0][0] >= 4.5, worst
        dark = await page.ask("getComputedStyle(document.body).backgroundColor") == "rgb(16, 21, 27)"
        assert dark is (scheme == "dark")

    visit(browser, page_file, work, DARK if scheme == "dark" else DARK.replace("dark", "light"))


def test_a_phone_needs_no_sideways_scrolling(browser: str, page_file: Path) -> None:
    async def work(page: Page) -> None:
        assert await page.ask("innerWidth") == 360
        assert await page.ask("document.documentElement.scrollWidth") <= 360
        assert (
            await page.ask("document.querySelector('#upgrades tbody td').getBoundingClientRect().width") > 200
        )
        picture = base64.b64decode((await page.call("Page.captureScreenshot"))["data"])
        assert picture.startswith(b"\x89PNG") and len(picture) > 10_000

    visit(browser, page_file, work, PHONE)


@pytest.mark.parametrize("device", [PHONE, PHONE.replace("360", "1280").replace("true", "false")])
def test_no_letter_is_too_small_to_read(browser: str, page_file: Path, device: str) -> None:
    async def work(page: Page) -> None:
        assert await page.ask(SMALLEST) >= 12  # CSS pixels, after the scale of a drawing

    visit(browser, page_file, work, device)


@pytest.mark.parametrize("width", [1024, 1280, 1920])
def test_the_list_needs_no_sideways_scrolling_on_a_desktop(browser: str, page_file: Path, width: int) -> None:
    async def work(page: Page) -> None:
        box = "document.querySelector('#upgrades .scroll')"
        assert await page.ask(f"{box}.scrollWidth - {box}.clientWidth") == 0

    visit(browser, page_file, work, PHONE.replace("360", str(width)).replace("true", "false"))


def test_the_page_prints_on_a4(browser: str, page_file: Path) -> None:
    async def work(page: Page) -> bytes:
        return base64.b64decode((await page.call("Page.printToPDF", preferCSSPageSize=True))["data"])

    pdf = visit(browser, page_file, work)
    assert pdf.startswith(b"%PDF-")
    boxes = {tuple(round(float(n)) for n in box.split()) for box in _media_boxes(pdf)}
    assert boxes == {(0, 0, 595, 842), (0, 0, 842, 595)}  # the upgrade list lies across


def test_paper_opens_what_a_person_fills_in_and_nothing_else(browser: str, page_file: Path) -> None:
    """By the style sheet alone: the script's own way (`beforeprint`) is for older browsers."""
    shown = (
        "[...document.querySelectorAll('details {}')].filter((item) =>"
        " item.checkVisibility({{contentVisibilityAuto: true}}) && item.offsetHeight > 8).length"
    )

    async def work(page: Page) -> None:
        assert await page.ask(shown.format(".checklist")) == 0
        await page.call("Emulation.setEmulatedMedia", media="print")
        lists = await page.ask("document.querySelectorAll('.checklist').length")
        assert lists >= 20
        for _ in range(SOON_TRIES):  # the call is answered before the page is drawn for paper
            if await page.ask(shown.format(".checklist")) == lists:
                break
            await asyncio.sleep(SOON_STEP_S)
        assert await page.ask(shown.format(".checklist")) == lists
        assert await page.ask(shown.format(".findings")) == 0

    visit(browser, page_file, work)


def _media_boxes(pdf: bytes) -> list[str]:
    import re

    return [box.decode() for box in re.findall(rb"/MediaBox\s*\[([0-9. ]+)\]", pdf)]


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_nothing_that_a_camera_says_runs_or_loads(browser: str, tmp_path: Path, lang: str) -> None:
    path = tmp_path / "hostile.html"
    path.write_text(render_html([view(hostile_school())], lang), encoding="utf-8")

    async def work(page: Page) -> None:
        assert "owned" not in await page.ask("document.title")
        assert await page.ask("document.querySelectorAll('script').length") == 1
        assert await page.ask("document.querySelectorAll('img, iframe, object, link, base').length") == 0
        assert await page.ask("document.querySelectorAll('article.camera').length") == len(HOSTILE)
        assert "{{ 7 * 7 }}" in await page.ask("document.body.textContent")
        assert page.requests() == [path.as_uri()]
        assert page.complaints() == []
        injected = (
            "new Promise(done => "
            "{ addEventListener('securitypolicyviolation', event => done(event.violatedDirective));"
            " const tag = document.createElement('script'); tag.textContent = 'document.title = 1';"
            " document.body.append(tag); setTimeout(() => done('nothing'), 2000); })"
        )
        assert "script-src" in await page.ask(injected)  # even if a text got through, it would not run

    visit(browser, path, work)


def test_a_hostile_name_does_not_break_the_phone_page(browser: str, tmp_path: Path) -> None:
    path = tmp_path / "hostile.html"
    path.write_text(render_html([view(hostile_school())], "vi"), encoding="utf-8")

    async def work(page: Page) -> None:
        assert await page.ask("document.documentElement.scrollWidth") <= 360

    visit(browser, path, work, PHONE)


def test_several_schools_make_one_page(browser: str, tmp_path: Path) -> None:
    path = tmp_path / "many.html"
    other = replace(school(6), site=replace(school(0).site, id="9002", name="Tiểu học Đống Đa"))
    path.write_text(render_html([view(school(4)), view(other)], "vi"), encoding="utf-8")

    async def work(page: Page) -> None:
        assert await page.ask("document.querySelectorAll('#sites tbody tr').length") == 2
        assert await page.ask("document.querySelectorAll('article.camera').length") == 10
        assert page.complaints() == []

    visit(browser, path, work)


def test_an_empty_scan_makes_a_page_that_says_so(browser: str, tmp_path: Path) -> None:
    path = tmp_path / "empty.html"
    path.write_text(render_html([view(school(0))], "vi"), encoding="utf-8")

    async def work(page: Page) -> None:
        assert "Không tìm thấy camera nào" in await page.ask("document.body.innerText")
        assert page.complaints() == []

    visit(browser, path, work)
