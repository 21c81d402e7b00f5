"""A total says what it leaves out: cameras without a price are counted beside every sum."""

from __future__ import annotations

import html
import io
import re

import pytest
from rich.console import Console

from camagent.document.model import ScanDocument
from camagent.document.upgrade_rows import Budget, budget_of, upgrade_row, upgrade_rows
from camagent.model.finding import Action
from camagent.report.html import render_html
from camagent.report.terminal import print_table
from tests.publish.samples import school, view


def priced(amounts: tuple[tuple[float, str] | None, ...]) -> ScanDocument:
    """A school whose cameras all need something, with these prices."""
    document = view(school(len(amounts)))
    cameras = []
    for camera, price in zip(document.cameras, amounts, strict=True):
        cost = {"cost_amount": price[0], "cost_currency": price[1]} if price else {"cost_amount": None}
        upgrade = camera.upgrade.model_copy(update={**cost, "action": Action.REPLACE})
        cameras.append(camera.model_copy(update={"upgrade": upgrade}))
    return document.model_copy(update={"cameras": tuple(cameras)})


def test_rows_without_a_price_are_counted_and_never_taken_for_nothing() -> None:
    document = priced(((4_500_000.0, "VND"), None))
    budget = budget_of([upgrade_row(document, camera, "vi") for camera in document.cameras])
    assert budget == Budget((("VND", 4_500_000.0),), 1, 2)
    assert budget.text("vi") == "4.500.000 VND cho 1 trên 2 camera; 1 chưa có đơn giá"
    assert budget.text("en") == "4,500,000 VND for 1 of 2 cameras; 1 without a price"


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_whole_sum_and_no_sum(lang: str) -> None:
    whole = priced(((1e6, "VND"), (2e6, "VND")))
    sentence = budget_of(upgrade_rows(whole, lang)).text(lang)
    assert "2 camera" in sentence and ";" not in sentence
    assert budget_of(upgrade_rows(priced((None, None)), lang)).text(lang) == ""
    assert budget_of([]).text(lang) == ""
    two = budget_of(upgrade_rows(priced(((1e6, "VND"), (50.0, "USD"), None)), lang)).text(lang)
    assert "USD" in two and "VND" in two and " + " in two


@pytest.mark.parametrize(("lang", "words"), [("vi", "1 chưa có đơn giá"), ("en", "1 without a price")])
def test_page_and_terminal_say_what_the_sum_leaves_out(lang: str, words: str) -> None:
    document = priced(((4_500_000.0, "VND"), None))
    page = html.unescape(re.sub(r"<[^>]+>", " ", render_html([document], lang)))
    out = io.StringIO()
    print_table(document, Console(file=out, width=200, color_system=None), lang)
    assert words in page and words in out.getvalue()
    free = priced((None, None))
    assert words not in render_html([free], lang)
