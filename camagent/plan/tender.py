"""The minimum specification to buy, in one paragraph, from the bounds that the findings carry. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from camagent.model.codec_names import SHOWN_NAMES
from camagent.model.finding import Finding, Quantity
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
    """What a new camera has to have so that no row of this profile fails; "–" where the profile asks nothing."""
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
    """The rows that only the supplier's papers can answer, as the profile words them: tenders are in Vietnamese."""
    rows = [finding.title.vi for finding in findings if finding.check == "camera_answer"]
    return "; ".join(rows) or NOT_ASKED
