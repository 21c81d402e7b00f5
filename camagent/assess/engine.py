"""From facts to findings: the one place where a Fault becomes NOT_ASSESSED and a bug of ours becomes DEFECT.
Pure."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from camagent.assess.catalogue import CATALOGUE
from camagent.assess.judgement import Judgement, limited, phrase, unknown
from camagent.assess.requirement_profile import RequirementProfile, Row
from camagent.assess.rule import About, Rule, needs, unit_of
from camagent.assess.rules.recording import RETENTION, kept_recording
from camagent.assess.sections import DEVICE_SECTIONS, SECTIONS, Subject, is_file, main_stream_or_fault
from camagent.model.fault import Fault, FaultCode
from camagent.model.finding import Finding, Outcome
from camagent.model.scan_result import CameraFacts, KeptRecording, SiteFacts
from camagent.model.stream import MeasuredStream, StreamFacts

logger = logging.getLogger(__name__)
FILE_FAULTS = frozenset(
    {
        FaultCode.NOT_FOUND,
        FaultCode.REFUSED,
        FaultCode.MALFORMED_REPLY,
        FaultCode.NO_VIDEO,
        FaultCode.CODEC_UNSUPPORTED,
        FaultCode.STALLED,
    }
)
"""What a media file can do to us, told in words about a file and not about a camera."""


def assess(
    requirements: RequirementProfile,
    camera: CameraFacts,
    site: SiteFacts,
    catalogue: Mapping[str, Rule] = CATALOGUE,
) -> tuple[Finding, ...]:
    """One finding for every row that is about a camera, in the profile's order."""
    return tuple(
        _finding(row, catalogue[row.rule], Subject(row.id, site, (camera,)))
        for row in requirements.rows
        if catalogue[row.rule].about is not About.SITE
    )


def assess_site(
    requirements: RequirementProfile,
    cameras: Sequence[CameraFacts],
    site: SiteFacts,
    catalogue: Mapping[str, Rule] = CATALOGUE,
) -> tuple[Finding, ...]:
    """One finding for every row that is about the whole school, in the profile's order."""
    return tuple(
        _finding(row, catalogue[row.rule], Subject(row.id, site, tuple(cameras)))
        for row in requirements.rows
        if catalogue[row.rule].about is About.SITE
    )


def recording_of(profile: RequirementProfile, camera: CameraFacts, site: SiteFacts) -> KeptRecording | None:
    """What is kept of the camera, by the profile's own words for a hole and a gap; None: not known."""
    for row in profile.rows:
        if row.rule == RETENTION:
            bounds = dict(row.parameters)
            words = {name: bounds[name] for name in ("believable_days", "hole_s", "gap_s")}
            return kept_recording(camera, site.now, **words)
    return None


def _finding(row: Row, rule: Rule, subject: Subject) -> Finding:
    try:
        judgement = _judge(row, rule, subject)
    except Exception:  # whatever a rule raises is our bug, and must cost one finding, not the camera
        logger.exception("defect in rule %s (row %s)", rule.name, row.id)
        judgement = Judgement(Outcome.DEFECT, phrase("defect", rule=rule.name))
    bounds = dict(row.parameters)
    bound = True if rule.yes_or_no else bounds.get(rule.required or "")
    return Finding(
        rule=row.id,
        title=row.title,
        outcome=judgement.outcome,
        severity=row.severity,
        stream="main" if rule.about is About.MAIN_STREAM else None,
        observed=judgement.observed,
        required=bound if judgement.required is None else judgement.required,
        unit=unit_of(rule),
        basis=row.basis,
        message=judgement.message,
        remedy=judgement.remedy,
        configured=judgement.configured,
        declared=judgement.declared,
        measured=judgement.measured,
        uncertainty=judgement.uncertainty,
        check=rule.name,
        recommended=bounds.get(rule.recommended or ""),
        manual=judgement.manual or rule.by_hand,
    )


def _judge(row: Row, rule: Rule, subject: Subject) -> Judgement:
    if rule.about is not About.SITE:
        if rule.needs_network and is_file(subject.camera):
            return Judgement(Outcome.NOT_APPLICABLE, phrase("media_file"))
        if rule.believes_rates and (limits := _limits(subject.camera)):
            return limited(limits)
    facts: list[object] = []
    missed: Fault | None = None
    for need in needs(rule):
        value = SECTIONS[need.section](subject)
        if isinstance(value, Fault) and not need.takes_fault:
            if not need.takes_none:
                return _prevented(value, subject)
            missed, value = missed or value, None
        if value is None and not need.takes_none:
            return _absent(need.section, subject)
        facts.append(value)
    judgement = rule.judge(*facts, **dict(row.parameters))
    if judgement.outcome is Outcome.NOT_ASSESSED and missed is not None and not judgement.manual:
        # the fault is the better reason than what is missing because of it
        return _prevented(missed, subject)
    return judgement


def _prevented(fault: Fault, subject: Subject) -> Judgement:
    if is_file(subject.camera) and fault.code in FILE_FAULTS:
        return unknown(f"file_{fault.code}")
    return unknown(f"fault_{fault.code}", doing=fault.doing)


def _absent(section: str, subject: Subject) -> Judgement:
    if section in DEVICE_SECTIONS and subject.camera.device is None:
        return unknown("no_onvif_side")
    return unknown(f"absent_{section}")


def _limits(camera: CameraFacts) -> tuple[str, ...]:
    stream = main_stream_or_fault(camera)
    measured = stream.measured if isinstance(stream, StreamFacts) else None
    return measured.limits if isinstance(measured, MeasuredStream) else ()
