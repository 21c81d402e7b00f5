"""The page of a whole city in Chromium: opened, filtered and sorted over all rows, read without script."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from camagent.area import AreaReport, merge_area
from camagent.area.school_summary import AreaSite
from camagent.document.upgrade_rows import UpgradeRow
from camagent.report.area_html import MAX_ROWS, render_area_html
from tests.publish.report.browser import CHROMIUM, Page, chromium, visit
from tests.publish.sixty import WARDS, write_sixty
from tests.publish.test_area import NOW

SCHOOLS = 2300
COPIES = SCHOOLS // 60 + 1
PARTS = 4  # of the rows, how many times fewer the smaller page has
LATE_WARD = "Phường cuối cùng"
HOSTILE = "</script><script>document.title='owned'</script><!--"

SHOWN = "[...document.querySelectorAll('#upgrades tbody tr')].filter(row => row.offsetParent).length"
CHOOSE = (
    "(() => {{ const field = document.getElementById('{name}'); field.value = '{value}';"
    " field.dispatchEvent(new Event('input', {{bubbles: true}})); }})()"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if CHROMIUM is None:
        pytest.skip("needs Debian's chromium")
    with chromium(tmp_path_factory.mktemp("chromium")) as address:
        yield address


def copied(site: AreaSite, number: int) -> AreaSite:
    return replace(site, site_id=f"{site.site_id}-{number}", name=f"{site.name} ({number})")


def row_of(row: UpgradeRow, number: int) -> UpgradeRow:
    """Each row with texts of its own, as a city has them."""
    return replace(
        row,
        site_id=f"{row.site_id}-{number}",
        site=f"{row.site} ({number})",
        reason=f"{row.reason} {number}",
        maker=("Acme", "Dahua", "")[number % 3],
    )


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> AreaReport:
    """2,300 schools and their rows; the last row is of a ward and a maker that nobody else has."""
    folder = tmp_path_factory.mktemp("city")
    write_sixty(folder)
    report = merge_area([folder], NOW, "vi")
    sites: list[AreaSite] = []
    rows: list[UpgradeRow] = []
    for number in range(COPIES):
        sites += (copied(site, number) for site in report.sites)
        rows += (row_of(row, number) for row in report.rows)
    last = replace(rows[-1], area=LATE_WARD, maker="Hãng lạ", camera=HOSTILE)
    far = replace(sites[SCHOOLS - 1], area=LATE_WARD)
    return replace(report, sites=(*sites[: SCHOOLS - 1], far), rows=(*rows, last))


@pytest.fixture(scope="module")
def page_file(city: AreaReport, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "area.html"
    path.write_text(render_area_html(city, "vi"), encoding="utf-8")
    return path


def test_the_whole_city_is_filtered_and_sorted(city: AreaReport, browser: str, page_file: Path) -> None:
    async def work(page: Page) -> None:
        assert await page.ask(SHOWN) == MAX_ROWS < len(city.rows)
        assert await page.ask("document.querySelectorAll('#sites tbody tr').length") == SCHOOLS
        await page.ask(CHOOSE.format(name="ward", value=LATE_WARD))
        assert await page.ask(SHOWN) == 1
        visible = "[...document.querySelectorAll('#sites tbody tr')].filter(row => row.offsetParent).length"
        assert await page.ask(visible) == 1
        text = await page.ask("document.querySelector('#upgrades tbody tr').textContent")
        assert HOSTILE in text and await page.ask("document.title") != "owned"
        await page.ask(CHOOSE.format(name="ward", value=WARDS[0]))
        await page.ask(CHOOSE.format(name="maker", value="Dahua"))
        await page.ask(CHOOSE.format(name="action", value="replace"))
        fitting = [row for row in city.rows if (row.area, row.maker) == (WARDS[0], "Dahua")]
        wanted = sum(row.action == "replace" for row in fitting)
        assert await page.ask(SHOWN) == min(wanted, MAX_ROWS) and wanted > 0
        for name in ("ward", "maker", "action"):
            await page.ask(CHOOSE.format(name=name, value=""))
        await page.ask(CHOOSE.format(name="search", value="phong tin hoc"))
        assert 0 < await page.ask(SHOWN) <= MAX_ROWS
        await page.ask(CHOOSE.format(name="search", value=""))
        await page.ask("document.querySelector('#upgrades th.c-site button').click()")
        cells = "[...document.querySelectorAll('#upgrades tbody tr')].map(row => row.cells[1])"
        names = await page.ask(f"{cells}.map(cell => cell.firstChild.textContent)")
        everything = sorted({row.site for row in city.rows})
        assert len(names) == MAX_ROWS and names[0] in everything and len(set(names)) < len(everything)
        assert page.requests() == [page_file.as_uri()] and page.complaints() == []

    visit(browser, page_file, work)


def test_it_is_read_without_script(city: AreaReport, browser: str, page_file: Path) -> None:
    async def work(page: Page) -> None:
        assert await page.ask(SHOWN) == MAX_ROWS
        assert f"trên tổng số {len(city.rows)}" in await page.ask("document.body.innerText")
        assert await page.ask("document.getElementById('begin').offsetParent !== null")

    visit(browser, page_file, work, 'Emulation.setScriptExecutionDisabled {"value": true}')


@pytest.mark.slow
def test_the_time_to_open_grows_no_faster_than_the_city(
    city: AreaReport, browser: str, page_file: Path, tmp_path: Path
) -> None:
    """In time of the processor, from the first byte to the last line drawn, both pages in turn."""

    async def work(page: Page) -> float:
        reply = await page.call("Performance.getMetrics")
        return float({item["name"]: item["value"] for item in reply["metrics"]}["TaskDuration"])

    clock = 'Performance.enable {"timeDomain": "threadTicks"}'
    part_file = tmp_path / "area.html"
    sites, rows = city.sites[: SCHOOLS // PARTS], city.rows[: len(city.rows) // PARTS]
    part_file.write_text(render_area_html(replace(city, sites=sites, rows=rows), "vi"), encoding="utf-8")
    files = [page_file, part_file] * 2
    whole, part, again, part_again = (visit(browser, path, work, clock) for path in files)
    assert min(whole, again) <= 2 * PARTS * min(part, part_again), (whole, again, part, part_again)
