"""The report as one self-contained page: no request, readable without script, printable on A4. Pure.

Everything inside is escaped by the template engine; the page's own style and script are allowed by their hash
only.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from importlib.resources import files
from itertools import chain, product
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template

from camagent import __version__
from camagent.document import camera_lines, progress_wording, wording
from camagent.document.compare import ChangeKind
from camagent.document.model import CameraView, FindingView, ScanDocument
from camagent.document.reasons import decisive, reasons
from camagent.document.rule_names import rule_names
from camagent.document.tenders import document_tenders
from camagent.document.upgrade_rows import ACTION_ORDER, UpgradeRow, budget_of, row_order, upgrade_rows
from camagent.model.finding import Action, Verdict
from camagent.report import charts
from camagent.report.earlier_scans import EarlierScans
from camagent.report.explanations import explanations
from camagent.report.not_checked import missed_groups
from camagent.text import catalogue, quantities, say
from camagent.text.moments import moment_text
from camagent.text.vietnamese import sort_key

MAX_ADDRESSES = 12  # of one reason; more unfold
MAX_STEPS = 1000  # of what became since last time; the workbook has them all
MAX_WALL = 400  # tiles of the wall: a city's page of all schools has its own lists
MAX_FIRST = 3  # cameras that are named on the first screen
MAX_STATES = 12  # the latest changes of one camera; the record has them all
_GOOD = ("pass", "not_applicable")


@dataclass(frozen=True, slots=True)
class CameraCard:
    """One camera of the page."""

    anchor: str
    document: ScanDocument
    camera: CameraView
    decisive: tuple[FindingView, ...]
    """What decided the verdict and what failed: to be read at once."""
    lesser: tuple[FindingView, ...]
    """What is not known or only just enough and decides nothing, folded."""
    fine: tuple[FindingView, ...]
    """Findings that passed or do not apply, folded."""
    manual: tuple[FindingView, ...]
    """To be confirmed by hand."""


def render_html(
    documents: Sequence[ScanDocument],
    lang: str,
    past: EarlierScans | None = None,
    pictures: Mapping[str, Sequence[bytes]] | None = None,
) -> str:
    """The page for one school or several; the past and the pictures are those of the first school.

    pictures: small JPEG files by camera id, only where the operator asked for them.
    """
    cards = _cards(documents)
    rows = sorted(chain.from_iterable(upgrade_rows(each, lang) for each in documents), key=row_order)
    pages = explanations(documents, lang)
    return template("page.html.j2").render(
        lang=lang,
        documents=documents,
        cards=cards,
        rows=_numbered(rows, cards),
        **_totals(rows, lang),
        **_charts(documents, [card.camera for card in cards]),
        **_past(past or EarlierScans()),
        names=rule_names(documents, lang),
        pictures={key: [_data_uri(picture) for picture in own] for key, own in (pictures or {}).items()},
        provisional=[document for document in documents if not document.profile.authoritative],
        wall=_wall(cards),
        tenders=document_tenders(documents, lang),
        pages=pages,
        explained={page.rule for page in pages},
        max_addresses=MAX_ADDRESSES,
        max_first=MAX_FIRST,
        total=sum(document.summary.total for document in documents),
        verdicts=list(Verdict),
        all_actions=[action for action in ACTION_ORDER if action is not Action.NONE],
        version=__version__,
        **assets(),
        **template_functions(lang),
    )


def _numbered(
    rows: Sequence[UpgradeRow], cards: Sequence[CameraCard]
) -> list[tuple[int, UpgradeRow, str | None]]:
    """Each row with its number and the anchor of its camera's card."""
    anchors = {(card.document.site.id, card.camera.id): card.anchor for card in cards}
    places = (anchors.get((row.site_id, row.camera_id)) for row in rows)
    return list(zip(range(1, len(rows) + 1), rows, places, strict=True))


def _totals(rows: Sequence[UpgradeRow], lang: str) -> dict[str, Any]:
    actions = Counter(row.action for row in rows)
    return {
        "actions": [(action, actions[action]) for action in ACTION_ORDER if actions[action]],
        "budget": budget_of(rows).text(lang),
        "with_cost": any(row.cost for row in rows),
        "replaced": actions[Action.REPLACE],
    }


def _charts(documents: Sequence[ScanDocument], cameras: Sequence[CameraView]) -> dict[str, Any]:
    return {
        "shares": charts.verdict_shares(documents),
        "bars": charts.rate_bars(cameras),
        "bandwidth": charts.bandwidth(cameras),
        "settings_work": charts.settings_work(cameras),
        "chart": charts,
    }


def _past(past: EarlierScans) -> dict[str, Any]:
    comparison = past.comparison
    counts = [(kind, comparison.count(kind)) for kind in ChangeKind] if comparison else []
    return {
        "comparison": comparison,
        "changed": [(kind, count) for kind, count in counts if count],
        "histories": {key: states[-MAX_STATES:] for key, states in past.states.items()},
        "progress": past.progress,
    }


def _data_uri(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def _cards(documents: Sequence[ScanDocument]) -> list[CameraCard]:
    pairs = list(chain.from_iterable(product([document], document.cameras) for document in documents))
    pairs.sort(
        key=lambda pair: (
            sort_key(pair[0].site.name),
            ACTION_ORDER.index(pair[1].upgrade.action),
            sort_key(pair[1].name),
            pair[1].id,
        )
    )
    return [_card(f"camera-{number}", *pair) for number, pair in enumerate(pairs, start=1)]


def _wall(cards: Sequence[CameraCard]) -> list[CameraCard]:
    """One tile a camera, the worst first, in the order of the list below; empty where there are too many."""
    rank = {Verdict.NOT_READY: 0, Verdict.UNDETERMINED: 1, Verdict.READY: 2}
    return sorted(cards, key=lambda card: rank[card.camera.verdict]) if len(cards) <= MAX_WALL else []


def _card(anchor: str, document: ScanDocument, camera: CameraView) -> CameraCard:
    manual = tuple(finding for finding in camera.findings if finding.manual)
    fine = tuple(
        finding for finding in camera.findings if not finding.manual and finding.outcome.value in _GOOD
    )
    grounds = reasons(camera.findings)
    decisive_ones = tuple(finding for finding in grounds if decisive(finding))
    lesser = tuple(finding for finding in grounds if not decisive(finding))
    return CameraCard(anchor, document, camera, decisive_ones, lesser, fine, manual)


def template_functions(lang: str) -> dict[str, Any]:
    """The functions that the template writes with."""

    def quantity(amount: Any, unit: str | None = None) -> str:
        return quantities.quantity_text(amount, unit, lang)

    def moment(value: datetime) -> str:
        return moment_text(value, lang)

    return {
        "t": lambda key, **gaps: say(f"report.{key}", lang, **gaps),
        "word": lambda area, name: catalogue(lang).get(f"report.{area}.{name}", name),
        "condition": lambda name: catalogue(lang).get(f"picture.{name}.name", name),
        "fault": lambda code: wording.reason_text(code, lang),
        "missed": partial(missed_groups, lang=lang),
        "coverage_line": lambda coverage: wording.coverage_text(coverage, lang),
        "recording_line": lambda kept: camera_lines.recording_text(kept, lang),
        "excluded_line": lambda camera: camera_lines.excluded_text(camera, lang),
        "retired_line": lambda camera: wording.retired_text(camera, lang),
        "night_line": partial(wording.night_text, lang=lang),
        "note_line": lambda note: wording.note_text(note, lang),
        "max_steps": MAX_STEPS,
        "progress_heading": partial(progress_wording.heading_text, lang=lang),
        "progress_counts": partial(progress_wording.counts_text, lang=lang),
        "became": partial(progress_wording.became_text, lang=lang),
        "asked": partial(progress_wording.asked_text, lang=lang),
        "why": partial(progress_wording.step_reason_text, lang=lang),
        "quantity": quantity,
        "moment": moment,
        "bitrate": partial(quantities.bitrate_text, lang=lang),
        "storage": partial(quantities.storage_text, lang=lang),
        "basis": partial(wording.basis_text, lang=lang),
        "device": partial(wording.device_text, lang=lang),
        "setting_value": partial(quantities.setting_value, lang=lang),
        "uncertain": partial(wording.uncertain_note, lang=lang),
        "stream_rows": partial(wording.stream_rows, lang=lang),
    }


@cache
def template(name: str) -> Template:
    """A page's template; everything put into it is escaped."""
    environment = Environment(
        loader=FunctionLoader(_asset),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


@cache
def assets() -> dict[str, str]:
    """Style and script of our pages, and the hashes that allow them."""
    style, script = _asset("page.css"), _asset("page.js")
    return {
        "style": style,
        "script": script,
        "style_hash": _csp_hash(style),
        "script_hash": _csp_hash(script),
    }


@cache
def list_script() -> dict[str, str]:
    """The script of a list that is too long for a page, and its hash."""
    script = _asset("area.js")
    return {"list_script": script, "list_hash": _csp_hash(script)}


def _asset(name: str) -> str:
    return files(__package__).joinpath("page", name).read_text(encoding="utf-8")


def _csp_hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
