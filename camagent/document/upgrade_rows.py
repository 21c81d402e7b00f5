"""The upgrade list: what to do about each camera, one row each, in the order of the work. Pure.

Sites, workbooks, pages and the area's merge share these rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from sys import intern

from camagent.document.model import CameraView, ScanDocument
from camagent.document.reasons import Reasons
from camagent.document.tenders import tender_key, tender_lines
from camagent.document.wording import (
    amount_text,
    cost_text,
    device_text,
    settings_text,
)
from camagent.model.finding import Action, Verdict
from camagent.text import say
from camagent.text.vietnamese import clean_paragraph, sort_key

MAX_REASONS = 4  # the reasons that a decision needs; the findings sheet has them all
MAX_STEPS = 8

ACTION_ORDER: tuple[Action, ...] = (
    Action.RECONFIGURE,
    Action.UPDATE_FIRMWARE,
    Action.FIX_NETWORK,
    Action.FIX_PICTURE,
    Action.REPLACE,
    Action.INVESTIGATE,
    Action.NONE,
)
"""Cheapest first, as they would be done; what needs a second look comes last."""


@dataclass(frozen=True, slots=True)
class UpgradeRow:
    """One camera of the upgrade list, already in words of one language."""

    site_id: str
    site: str
    camera_id: str
    camera: str
    place: str
    address: str
    model: str
    verdict: Verdict
    action: Action
    certain: bool
    findings: str
    steps: str
    basis: str
    cost_class: str
    cost: str
    """Class and amount, as the operator's price file has them."""
    cost_amount: float | None = None
    cost_currency: str = ""
    area: str = ""
    """The ward that the school names."""
    serial: str = ""
    reason: str = ""
    """The weightiest reason, on one line."""
    more_reasons: int = 0
    ground: str = ""
    """On what that reason rests, and how sure it is."""
    tender: str = ""
    """Which table of what to buy is meant; see `document.tenders`."""
    maker: str = ""
    """The manufacturer, as the device says."""

    @property
    def stable_id(self) -> str:
        """School and camera together: what a reviewed list is read back by."""
        return f"{self.site_id}/{self.camera_id}"

    def amount(self, lang: str) -> str:
        """What the step costs by the operator's price file; empty without one."""
        return amount_text(self.cost_amount, self.cost_currency, lang)


@dataclass(frozen=True, slots=True)
class Budget:
    """What the price file knows of a list: a sum by currency, and how many rows it leaves out."""

    amounts: tuple[tuple[str, float], ...]
    priced: int
    rows: int

    def text(self, lang: str) -> str:
        """ "4.500.000 VND for 1 of 2 cameras; 1 has no price"; empty without any amount."""
        if not self.amounts:
            return ""
        sums = " + ".join(amount_text(amount, currency, lang) for currency, amount in self.amounts)
        key = "budget_whole" if self.priced == self.rows else "budget_part"
        left = self.rows - self.priced
        return say(f"report.upgrade.{key}", lang, amount=sums, priced=self.priced, rows=self.rows, left=left)


def budget_of(rows: Sequence[UpgradeRow]) -> Budget:
    """The sum over the rows that have an amount; what has none is counted, never taken for nothing."""
    sums: dict[str, float] = {}
    priced = [row for row in rows if row.cost_amount is not None]
    for row in priced:
        sums[row.cost_currency] = sums.get(row.cost_currency, 0.0) + (row.cost_amount or 0.0)
    return Budget(tuple(sorted(sums.items())), len(priced), len(rows))


def upgrade_rows(document: ScanDocument, lang: str) -> list[UpgradeRow]:
    """The cameras of one school that need something, cheapest kind of work first, then by name."""
    rows = [upgrade_row(document, camera, lang) for camera in document.cameras if needs_something(camera)]
    return sorted(rows, key=row_order)


def row_order(row: UpgradeRow) -> tuple[int, object, object, str]:
    """Cheapest kind of work first, then school and camera in dictionary order."""
    return ACTION_ORDER.index(row.action), sort_key(row.site), sort_key(row.camera), row.camera_id


def needs_something(camera: CameraView) -> bool:
    """It is not ready, or something should be done about it although it is."""
    return camera.verdict is not Verdict.READY or camera.upgrade.action is not Action.NONE


def upgrade_row(document: ScanDocument, camera: CameraView, lang: str) -> UpgradeRow:
    """The row of one camera, whether it needs something or not."""
    upgrade = camera.upgrade
    grounds = Reasons.of(camera.findings)
    steps = (step.to(lang) for step in upgrade.steps[:MAX_STEPS])
    reason, more_reasons = grounds.weightiest(lang)
    return UpgradeRow(
        site_id=document.site.id or document.site.name,
        site=document.site.name,
        camera_id=camera.id,
        camera=camera.name,
        place=camera.place or "",
        address=camera.address,
        model=intern(device_text(camera.device, lang)),
        verdict=camera.verdict,
        action=upgrade.action,
        certain=upgrade.certain,
        findings=_paragraph(grounds.lines(lang, MAX_REASONS, "report.upgrade.more")),
        steps=_paragraph([*steps, settings_text(upgrade, lang)]),
        basis=_paragraph(grounds.bases(lang, MAX_REASONS)),
        cost_class=upgrade.cost_class or "",
        cost=cost_text(upgrade, lang),
        cost_amount=upgrade.cost_amount,
        cost_currency=upgrade.cost_currency or "",
        area=document.site.area,
        serial=(camera.device.serial if camera.device else None) or "",
        reason=intern(reason),
        more_reasons=more_reasons,
        ground=intern(grounds.ground(lang)),
        tender=tender_key(tender_lines(upgrade, lang)),
        maker=(camera.device.manufacturer if camera.device else None) or "",
    )


def _paragraph(lines: Iterable[str]) -> str:
    """The lines as one text, kept once however many cameras have it: a city's list is held as a whole."""
    return intern(clean_paragraph("\n".join(filter(None, lines))))
