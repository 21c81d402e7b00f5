"""The minimum specification to buy, as a table and in one paragraph, from the bounds that the findings carry.
Pure."""

from __future__ import annotations

from collections.abc import Sequence

from camagent.model.codec_names import SHOWN_NAMES
from camagent.model.finding import Finding, Outcome, Quantity, TenderRow
from camagent.model.text import Message, message

NOT_ASKED = "–"
NAMES = SHOWN_NAMES | {
    "basic": "Basic",
    "digest": "Digest",
    "digest-sha-256": "Digest SHA-256",
}
"""Codecs and log-ins as suppliers write them."""
HOUR_S = 3600


def tender(findings: Sequence[Finding]) -> Message:
    """What a new camera has to have so that no row of this profile fails; "–" where the profile asks
    nothing."""
    by_check = {finding.check: finding for finding in findings}

    def asked(check: str) -> Quantity:
        return by_check[check].required if check in by_check else None

    zone_s = asked("time_zone")
    return message(
        "plan.tender",
        size=_text(asked("resolution")),
        codecs=_text(asked("codec")),
        rate=_text(_recommended(by_check, "frame_rate")),
        gop=_text(asked("keyframe_interval")),
        conformance=_text(_recommended(by_check, "onvif_conformance")),
        streams=_text(asked("sub_streams")),
        login=_text(_recommended(by_check, "login_scheme")),
        tls=_text(asked("https")),
        key_bits=_text(asked("certificate")),
        ports=_text(asked("open_ports"), join=", "),
        zone=f"{zone_s / HOUR_S:+g}" if isinstance(zone_s, int | float) else NOT_ASKED,
        others=_by_hand(findings),
    )


MEASURED = (
    *(
        "resolution",
        "codec",
        "frame_rate",
        "keyframe_interval",
        "sub_streams",
        "onvif_conformance",
        "login_scheme",
    ),
    *("https", "certificate", "open_ports", "time_zone"),
)
"""Rows of a profile that a network check answers, in the order of the table."""
LASTING = ("frame_rate", "onvif_conformance", "login_scheme")
"""Of these the recommended value is asked: what is bought today should last."""
BUYERS = ("lens", "housing", "power", "warranty", "acceptance")
"""What no profile says and every purchase has to: the buyer decides."""


def tender_rows(findings: Sequence[Finding]) -> tuple[TenderRow, ...]:
    """The table to buy by: what the profile asks, what only papers prove, what the buyer decides; nothing
    unasked."""
    by_check = {finding.check: finding for finding in findings}
    rows = [_buyers("kind")]
    for check in MEASURED:
        finding = by_check.get(check)
        if finding is None:
            continue
        value = _recommended(by_check, check) if check in LASTING else finding.required
        if value is not None:
            text = message(f"plan.buy.{check}", value=_asked(check, value))
            rows.append(TenderRow(message(f"plan.buy_what.{check}"), text, finding.basis))
    papers = [f for f in findings if f.check == "camera_answer" and f.outcome is not Outcome.NOT_APPLICABLE]
    rows += [TenderRow(finding.title, message("plan.buy.papers"), finding.basis) for finding in papers]
    return (*rows, *(_buyers(name) for name in BUYERS))


def _buyers(name: str) -> TenderRow:
    return TenderRow(message(f"plan.buy_what.{name}"), message(f"plan.buy.{name}"), None)


def _asked(check: str, value: Quantity) -> str | float:
    if check == "time_zone" and isinstance(value, int | float):
        return f"{value / HOUR_S:+g}"
    return _text(value, join=", " if check == "open_ports" else None)


def _recommended(by_check: dict[str, Finding], check: str) -> Quantity:
    """What is bought today should last: the recommended value, where the row has one."""
    finding = by_check.get(check)
    if finding is None:
        return None
    return finding.required if finding.recommended is None else finding.recommended


def _text(value: Quantity, join: str | None = None) -> str | float:
    if value is None:
        return NOT_ASKED
    if isinstance(value, tuple):
        numbers = join is None and len(value) == 2 and all(isinstance(item, int) for item in value)
        return ("×" if numbers else join or ", ").join(NAMES.get(str(item), str(item)) for item in value)
    return value if isinstance(value, float) else NAMES.get(str(value), str(value))


def _by_hand(findings: Sequence[Finding]) -> str:
    """The rows that only the supplier's papers can answer, as the profile words them: tenders are in
    Vietnamese."""
    rows = [finding.title.vi for finding in findings if finding.check == "camera_answer"]
    return "; ".join(rows) or NOT_ASKED
