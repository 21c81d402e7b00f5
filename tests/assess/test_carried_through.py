"""What the engine puts beside a rule's judgement, and sentences that are chosen outside of the rules."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from camagent.assess.catalogue import CATALOGUE
from camagent.assess.engine import FILE_FAULTS, assess, assess_site
from camagent.assess.judgement import Judgement, phrase
from camagent.assess.requirement_profile import Row
from camagent.assess.rule import About, Rule
from camagent.assess.sections import main_stream_or_fault
from camagent.model.device import DefaultLoginTrial
from camagent.model.fault import FaultCode, Stage
from camagent.model.finding import Outcome
from camagent.model.scan_result import CameraFacts, Declaration, ManualAnswer
from camagent.model.stream import FileTarget, StreamRole
from camagent.text import both, catalogue
from tests.assess.failing import healthy
from tests.assess.judging import judged, profile_of, row_of, shipped, with_device
from tests.builders import NOW, camera_facts, device_facts, fault, site_facts, stream_facts, sub_stream


@pytest.mark.parametrize("row", shipped().rows, ids=lambda row: row.id)
def test_a_finding_says_on_what_basis_it_stands_and_which_stream_it_is_about(row: Row) -> None:
    if CATALOGUE[row.rule].about is About.SITE:
        (finding,) = assess_site(profile_of(row), (healthy(),), site_facts())
    else:
        (finding,) = assess(profile_of(row), healthy(), site_facts())
    assert finding.basis == row.basis and finding.title == row.title and finding.severity is row.severity
    assert finding.stream == ("main" if CATALOGUE[row.rule].about is About.MAIN_STREAM else None)
    assert finding.check == row.rule


def without_a_bound(camera: CameraFacts, *, odd: int) -> Judgement:
    return Judgement(Outcome.PASS, phrase("packets_lost_none"))


def broken(camera: CameraFacts) -> Judgement:
    raise ZeroDivisionError


def test_a_rule_without_a_bound_has_none_in_its_finding() -> None:
    row = replace(row_of("packet_loss"), rule="odd", parameters=(("odd", 1),))
    (finding,) = assess(
        profile_of(row), camera_facts(), site_facts(), {"odd": Rule(without_a_bound, About.CAMERA)}
    )
    assert (finding.outcome, finding.required, finding.recommended) == (Outcome.PASS, None, None)


def test_our_own_bug_names_the_rule_and_the_row(caplog: pytest.LogCaptureFixture) -> None:
    row = replace(row_of("packet_loss"), rule="broken", parameters=())
    with caplog.at_level(logging.ERROR):
        (finding,) = assess(
            profile_of(row), camera_facts(), site_facts(), {"broken": Rule(broken, About.CAMERA)}
        )
    assert finding.outcome is Outcome.DEFECT and dict(finding.message.args) == {"rule": "broken"}
    assert caplog.messages == [f"defect in rule broken (row {row.id})"]


def test_a_media_file_is_told_why_network_rows_do_not_apply() -> None:
    clip = camera_facts(
        device=None, streams=(stream_facts(target=FileTarget(Path("clip.mp4")), access=None),)
    )
    findings = [f for f in assess(shipped(), clip, site_facts()) if f.outcome is Outcome.NOT_APPLICABLE]
    assert findings and {f.message.key for f in findings if CATALOGUE[f.check].needs_network} == {
        "findings.media_file"
    }
    assert all(both(f.message).vi for f in findings)


def test_where_no_stream_is_called_main_the_first_one_is() -> None:
    sub = sub_stream()
    assert sub.role is StreamRole.SUB
    assert main_stream_or_fault(camera_facts(streams=(sub,))) is sub


def test_an_answer_for_one_camera_does_not_answer_for_the_school() -> None:
    manual_answer = ManualAnswer("SITE-ROW", True, "Cô Lan", NOW.date(), None, None)
    answered = camera_facts(declaration=Declaration(answers=(manual_answer,)))
    row = replace(row_of("camera_answer"), id="SITE-ROW")
    assert assess(profile_of(row), answered, site_facts())[0].outcome is Outcome.PASS
    site_row = next(
        r for r in shipped().rows if CATALOGUE[r.rule].about is About.SITE and CATALOGUE[r.rule].by_hand
    )
    asked = replace(site_row, id="SITE-ROW")
    (finding,) = assess_site(profile_of(asked), (answered, camera_facts()), site_facts())
    assert finding.outcome is Outcome.NOT_ASSESSED


def test_a_device_that_did_not_answer_is_told_as_the_device_and_by_its_first_fault() -> None:
    timeout, refused = (
        fault(code, stage=Stage.INTERROGATE) for code in (FaultCode.TIMEOUT, FaultCode.REFUSED)
    )
    dead = judged("device_answers", camera_facts(device=timeout, streams=()))
    gone = device_facts(clock=timeout, services=refused, information=refused, media=refused)
    mute = judged("device_answers", camera_facts(device=gone, streams=()))
    assert dead.outcome is mute.outcome is Outcome.FAIL and dead.message == mute.message
    assert dead.remedy is not None and dead.remedy == mute.remedy and both(dead.remedy).vi


def test_a_trial_of_factory_log_ins_that_was_stopped_says_by_what() -> None:
    stopped = fault(FaultCode.LOCKED_OUT, stage=Stage.INTERROGATE, doing="GetDeviceInformation")
    finding = judged("default_login", with_device(default_login=DefaultLoginTrial(1, None, stopped)))
    assert finding.outcome is Outcome.NOT_ASSESSED and finding.message.key == "findings.fault_locked_out"
    assert dict(finding.message.args) == {"doing": "GetDeviceInformation"}


@pytest.mark.parametrize("code", sorted(FILE_FAULTS))
def test_what_is_wrong_with_a_file_is_not_said_of_a_camera(code: FaultCode) -> None:
    clip = stream_facts(
        target=FileTarget(Path("clip.mp4")), access=None, measured=fault(code), image=fault(code)
    )
    findings = assess(shipped(), camera_facts(device=None, streams=(clip,)), site_facts())
    unjudged = [f for f in findings if f.outcome is Outcome.NOT_ASSESSED and not f.manual]
    assert unjudged and {f.message.key for f in unjudged} == {f"findings.file_{code}"}
    assert f"faults.file_{code}" in catalogue("vi"), "as the coverage names it"
