"""Judgements: what a rule found, the camera's verdict, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from camagent.model.text import Localised, Message

Quantity = str | int | float | bool | tuple[int | float | str, ...] | None
"""A number stays a number; a size is (width, height); a codec is a word; None is "not known"."""


class Outcome(StrEnum):
    """What a rule may say. Nothing unknown can pass as good."""

    PASS = "pass"
    WARN = "warn"
    """Meets the minimum, not the recommended value."""
    FAIL = "fail"
    NOT_APPLICABLE = "not_applicable"
    NOT_ASSESSED = "not_assessed"
    """Could not see: the message says why."""
    DEFECT = "defect"
    """Our own bug; reported as ours."""


TRUST_RULE = "TRUST"
NEW_CHECK, ANOTHER_CHECK = "trust", "another"
"""Of that row: a device that was never here, and one that is not the device that was."""
"""Rule of findings about new devices and the log-in of their range; it is ours, no profile has it."""
ANOTHER_DEVICE = "trust.another"
"""What such a finding says of a device that shows itself to be another than the one that stood there."""


WEAKER_RULE = "WEAKER"
"""Rule of findings about a device that asks for a weaker log-in than before; ours, in no profile."""


class Severity(StrEnum):
    """How much a failure weighs."""

    BLOCKER = "blocker"
    MAJOR = "major"
    MINOR = "minor"
    INFO = "info"


class Verdict(StrEnum):
    """One word for a camera."""

    READY = "ready"
    NOT_READY = "not_ready"
    UNDETERMINED = "undetermined"


class Action(StrEnum):
    """The cheapest kind of step that would make the camera comply, cheapest first."""

    NONE = "none"
    RECONFIGURE = "reconfigure"
    UPDATE_FIRMWARE = "update_firmware"
    FIX_NETWORK = "fix_network"
    FIX_PICTURE = "fix_picture"
    REPLACE = "replace"
    INVESTIGATE = "investigate"
    """Not enough is known to spend money or effort on anything else."""


@dataclass(frozen=True, slots=True)
class Basis:
    """On what a threshold rests; printed with every finding."""

    kind: str
    """One of "text-3288" (none exist yet), "circular-350", "named-doc" or "assumption"."""
    document: str | None
    confidence: str
    """One of "high", "medium" or "low"."""
    note: str | None = None
    """In Vietnamese."""
    comparators: tuple[str, ...] = ()
    note_en: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's answer about one camera (or one of its streams)."""

    rule: str
    """The row's id in the requirement profile, for example IMG-FPS."""
    title: Localised
    outcome: Outcome
    severity: Severity
    stream: str | None
    """One of "main", "sub", "sub2" …, or None where the finding is about the device."""
    observed: Quantity
    required: Quantity
    unit: str | None
    basis: Basis
    message: Message
    remedy: Message | None = None
    configured: Quantity = None
    declared: Quantity = None
    measured: Quantity = None
    uncertainty: float | None = None
    """Half-width of the observed value, in `unit`."""
    check: str = ""
    """Name of the rule function ("frame_rate", "codec"): what the plan goes by, whatever the row is
    called."""
    recommended: Quantity = None
    """The value above the minimum, where the row has one."""
    manual: bool = False
    """Answered (or to be answered) by a person: never blocks a verdict."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One menu value to set, and the ONVIF call that would set it."""

    name: str
    """One of "codec", "resolution", "frame_rate", "bitrate", "gop", "ntp", "time_zone", "protocols" …"""
    now: Quantity
    then: Quantity
    unit: str | None
    call: str | None
    """For example "media2:SetVideoEncoderConfiguration token=E1 Encoding=H265"; None where ONVIF has none."""
    stream: str | None = None


@dataclass(frozen=True, slots=True)
class TenderRow:
    """One line of what a new camera has to have."""

    criterion: Message | Localised
    requirement: Message
    basis: Basis | None
    """Of the row of the profile that asks it; None: the buyer decides."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """The cheapest way to comply, with its reason."""

    action: Action
    steps: tuple[Message, ...]
    certain: bool
    """The main stream is known beyond doubt and was measured twice in the run, the log-in was accepted, the
    encoder's menu read and believable, no fault among these facts, and nothing rests on what the device only
    advertises."""
    settings: tuple[Setting, ...] = ()
    cost_class: str | None = None
    """A class of the operator's price file; None without one."""
    rules: tuple[str, ...] = ()
    """The findings that ask for it."""
    bitrate_before_bps: float | None = None
    bitrate_after_bps: float | None = None
    cost_amount: float | None = None
    """What the operator's price file says of that class; None: it has no figure."""
    cost_currency: str | None = None
    tender: Message | None = None
    """The minimum specification to buy in one paragraph, where the action is to replace."""
    tender_rows: tuple[TenderRow, ...] = ()
    """The same as a table, with the basis of each line."""
    rests_on: tuple[Message, ...] = ()
    """The facts that it rests on, in words."""
    look_again: bool = False
    """Nothing but another look, later in the run, is missing for the advice to replace; not published."""
