"""Cameras that fall silent at once are no camera's fault; one that falls silent alone is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from camagent.app.requirements import load_profile
from camagent.model.fault import FaultCode
from camagent.model.finding import Action, Outcome, Verdict
from camagent.model.scan_result import CameraFacts
from camagent.model.stream import StreamTarget
from camagent.model.uri import StreamUri
from camagent.run.common_silence import NearbyCamera, silent_together
from camagent.run.visit import CheckedCamera, Judge, judge_all
from tests.builders import NOW, camera_facts, fault, site_facts, stream_facts

PROFILE = load_profile("ubnd-3288")


def camera(number: int, code: FaultCode | None = None) -> CameraFacts:
    host = f"192.0.2.{number}"
    target = StreamTarget(StreamUri("rtsp", host, 554, "/live"))
    stream = stream_facts() if code is None else stream_facts(measured=fault(code), image=None)
    return camera_facts(id=host, address=host, device=None, streams=(replace(stream, target=target),))


def heard(facts: CameraFacts, ended_s: float = 0.0) -> NearbyCamera:
    return NearbyCamera(facts, NOW + timedelta(seconds=ended_s))


@pytest.mark.parametrize("code", [FaultCode.UNREACHABLE, FaultCode.TIMEOUT, FaultCode.STALLED])
def test_a_school_that_is_silent_as_a_whole(code: FaultCode) -> None:
    assert silent_together([heard(camera(1, code)), heard(camera(2, code), 60)]) == {0, 1}
    assert silent_together([heard(camera(1, code))]) == frozenset()
    # one device twice
    assert silent_together([heard(camera(1, code)), heard(camera(1, code))]) == frozenset()


@pytest.mark.parametrize("code", [FaultCode.REFUSED, FaultCode.AUTH_REJECTED, FaultCode.NO_VIDEO])
def test_who_refuses_is_not_silent(code: FaultCode) -> None:
    assert silent_together([heard(camera(1, code)), heard(camera(2, code))]) == frozenset()


def test_a_link_that_goes_down_in_mid_check() -> None:
    """The first was done before; two broke off together, and the next could not be reached any more."""
    cameras = [
        heard(camera(1), 5),
        heard(camera(2, FaultCode.STALLED), 20),
        heard(camera(3, FaultCode.STALLED), 22),
        heard(camera(4, FaultCode.UNREACHABLE), 30),
    ]
    assert silent_together(cameras) == {1, 2, 3}
    # heard meanwhile: the network was there
    assert silent_together([*cameras, heard(camera(5), 19)]) == frozenset()


def gone(number: int, source: str | None = None) -> CameraFacts:
    """Its video broke off, and our farewell was not answered."""
    facts = camera(number, FaultCode.STALLED)
    (stream,) = facts.streams
    return replace(
        facts,
        video_source=source,
        streams=(replace(stream, faults=(fault(FaultCode.TIMEOUT, doing="TEARDOWN"),)),),
    )


def test_a_switch_that_goes_off_takes_its_cameras_with_it() -> None:
    """Those behind another switch are heard meanwhile."""
    others = [heard(camera(3), 24), heard(camera(4), 19)]
    assert silent_together([heard(gone(1), 20), heard(gone(2), 23), *others]) == {0, 1}
    # at different moments, one alone, or with its network still there: its own doing
    assert silent_together([heard(gone(1), 20), heard(gone(2), 60), *others]) == frozenset()
    assert silent_together([heard(gone(1), 20), *others]) == frozenset()
    stopped = camera(2, FaultCode.STALLED)
    assert silent_together([heard(gone(1), 20), heard(stopped, 20), *others]) == frozenset()


def test_a_recorder_that_goes_off_takes_its_channels_with_it() -> None:
    unreached = replace(camera(1, FaultCode.UNREACHABLE), video_source="3")
    channels = [heard(gone(1, "1"), 20), heard(gone(1, "2"), 20), heard(unreached, 20)]
    assert silent_together(channels) == {0, 1, 2}
    assert silent_together([*channels, heard(camera(9), 24)]) == {0, 1, 2}


def test_dead_cameras_beside_living_ones_are_dead() -> None:
    """They end last, because nobody answers: that alone says nothing of the network."""
    dead = [heard(camera(number, FaultCode.UNREACHABLE), 30) for number in (2, 3, 4)]
    assert silent_together([heard(camera(1), 5), *dead]) == frozenset()
    assert silent_together([heard(camera(1), 5), heard(camera(2, FaultCode.STALLED), 30)]) == frozenset()


def test_who_is_marked_as_silent_through_us_is_so_beside_the_others() -> None:
    ours = replace(heard(camera(1, FaultCode.UNREACHABLE)), fell_silent=True)
    assert silent_together([ours]) == {0}
    assert silent_together([ours, heard(camera(2))]) == {0}
    assert silent_together([ours, heard(camera(2, FaultCode.STALLED))]) == {0, 1}
    own = replace(heard(camera(2, FaultCode.STALLED)), fell_silent=False)
    assert silent_together([ours, own]) == {0}


def test_what_is_told_of_it() -> None:
    judge = Judge(PROFILE, site_facts())
    silent = [CheckedCamera(camera(number, FaultCode.STALLED), NOW, 9.0) for number in (1, 2)]
    results, about_site = judge_all(silent, judge)
    assert {result.verdict for result in results} == {Verdict.UNDETERMINED}
    assert {result.upgrade.action for result in results} == {Action.INVESTIGATE}
    plays = [f for f in results[0].findings if f.check == "stream_plays"]
    assert [(f.outcome, f.message.key) for f in plays] == [(Outcome.NOT_ASSESSED, "findings.silent_together")]
    assert [(f.rule, f.observed) for f in about_site if f.check == "silent_together"] == [("SITE-SILENT", 2)]
    alone, nothing = judge_all([silent[0], CheckedCamera(camera(3), NOW, 9.0)], judge)
    assert alone[0].verdict is Verdict.NOT_READY
    assert not [f for f in nothing if f.check == "silent_together"]
