"""Recordings judged channel by channel: nothing passes that is not kept, and what is not told is not
judged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from camagent.app.requirements import load_profile
from camagent.assess.engine import recording_of
from camagent.model.device import MediaFacts
from camagent.model.fault import Fault, FaultCode
from camagent.model.finding import Finding, Outcome
from camagent.model.recordings import ChannelRecording, RecordingFacts, TimeSpan
from camagent.model.scan_result import KeptRecording
from tests.assess.judging import judged
from tests.builders import NOW, camera_facts, device_clock, device_facts, fault, media_profile, site_facts
from tests.each import each

PASS, WARN, FAIL, OPEN = Outcome.PASS, Outcome.WARN, Outcome.FAIL, Outcome.NOT_ASSESSED
TWO = MediaFacts("media2", tuple(media_profile(token=f"P{n}", video_source=f"CH{n}") for n in (1, 2)))


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def channel(source: str, *spans: tuple[float, float], stated: bool = True) -> ChannelRecording:
    """Recordings from so many days ago to so many days ago."""
    return ChannelRecording(source, tuple(TimeSpan(ago(begin), ago(end)) for begin, end in spans), stated)


def untold(one: ChannelRecording) -> ChannelRecording:
    """The same, with a track beside it that does not tell from when to when."""
    return replace(one, times_told=False)


def found(
    *channels: ChannelRecording,
    source: str = "CH2",
    offset_s: float | None = 0.0,
    fails: Fault | None = None,
) -> Finding:
    """The finding about one of the two channels; the summary says 45 days throughout, as a locked clip makes
    it."""
    recording = RecordingFacts(ago(45), NOW, 2, fails or channels)
    device = device_facts(media=TWO, recording=recording, clock=device_clock(offset_s=offset_s))
    return judged("retention", replace(camera_facts(device=device), video_source=source))


GOOD = channel("CH1", (45, 0))


@dataclass(frozen=True)
class Case:
    finding: Finding
    outcome: Outcome
    says: str


CASES = {
    "locked clip, this channel three days": Case(
        found(channel("CH1", (45, 44.9), (3, 0)), channel("CH2", (3, 0))), FAIL, "retention_short"
    ),
    "locked clip of this channel itself": Case(
        found(GOOD, channel("CH2", (45, 44.9), (3, 0))), FAIL, "retention_gap"
    ),
    "dead channel": Case(found(GOOD, channel("CH2")), FAIL, "retention_none"),
    "channel without any recording": Case(found(GOOD), FAIL, "retention_none"),
    "hole of two hours": Case(found(GOOD, channel("CH2", (40, 10), (9.9, 0))), WARN, "retention_holes"),
    "hole of two days": Case(found(GOOD, channel("CH2", (40, 10), (8, 0))), FAIL, "retention_gap"),
    "dead for 20 of 30 days, holes not told": Case(
        found(GOOD, channel("CH2", (40, 0), stated=False)), WARN, "retention_holes_unknown"
    ),
    "new channel": Case(found(GOOD, channel("CH2", (1, 0))), OPEN, "retention_new"),
    "stopped": Case(found(GOOD, channel("CH2", (40, 2))), FAIL, "retention_stopped"),
    "stopped, wrong clock": Case(
        found(GOOD, channel("CH2", (40, 2)), offset_s=-172800), OPEN, "retention_clock"
    ),
    "zone wrong by seven hours": Case(
        found(GOOD, channel("CH2", (30.1, 0)), offset_s=25200), OPEN, "retention_clock"
    ),
    "from the future": Case(found(GOOD, channel("CH2", (40, -1))), OPEN, "retention_unbelievable"),
    "search broke off": Case(found(fails=fault(FaultCode.TIMEOUT)), OPEN, "retention_summary_only"),
    "sources under other names": Case(
        found(channel("Cam A", (45, 0)), channel("Cam B", (45, 0))), OPEN, "retention_no_channel"
    ),
    "a recording of no named source beside it": Case(
        found(GOOD, channel("", (40, 0))), OPEN, "retention_no_channel"
    ),
    "no recording listed": Case(found(), OPEN, "retention_no_channel"),
    "main and sub stream recorded apart": Case(
        found(GOOD, channel("P2", (40, 20)), channel("CH2", (20.5, 0))), PASS, "retention_enough"
    ),
    "main and sub stream, a hole in both": Case(
        found(GOOD, channel("P2", (40, 10)), channel("CH2", (8, 0))), FAIL, "retention_gap"
    ),
    "main and sub stream, one tells no holes": Case(
        found(GOOD, channel("P2", (40, 10), stated=False), channel("CH2", (10.5, 0))),
        WARN,
        "retention_holes_unknown",
    ),
    "times of nothing told": Case(found(GOOD, untold(channel("CH2"))), OPEN, "retention_times_untold"),
    "times told in part": Case(found(GOOD, untold(channel("CH2", (9, 0)))), OPEN, "retention_times_untold"),
    "enough, and times of more not told": Case(
        found(GOOD, untold(channel("CH2", (31, 0)))), PASS, "retention_enough"
    ),
    "stopped, or a clock that nobody read": Case(
        found(GOOD, channel("CH2", (40, 2)), offset_s=None), OPEN, "retention_clock_unread"
    ),
    "long enough to this hour, clock not read": Case(
        found(GOOD, channel("CH2", (40, 0)), offset_s=None), PASS, "retention_enough"
    ),
    "too short to this hour, clock not read": Case(
        found(channel("CH1", (9, 0)), channel("CH2", (9, 0)), offset_s=None), FAIL, "retention_short"
    ),
    "clock wrong by years": Case(
        found(GOOD, channel("CH2", (40, 0)), offset_s=-2.2e8), OPEN, "retention_clock"
    ),
    "a span of tomorrow alone": Case(
        found(GOOD, channel("CH2", (40, 1), (-1, -2))), OPEN, "retention_unbelievable"
    ),
    "a hole at the beginning of the asked days": Case(
        found(GOOD, channel("CH2", (45, 32), (29.5, 0))), FAIL, "retention_gap"
    ),
    "a hole to this hour": Case(found(GOOD, channel("CH2", (45, 1.2))), FAIL, "retention_stopped"),
    "disk shrunk, all channels": Case(
        found(channel("CH1", (9, 0)), channel("CH2", (9, 0))), FAIL, "retention_short"
    ),
    "long and whole": Case(found(GOOD, channel("CH2", (31, 0))), PASS, "retention_enough"),
    "exactly enough": Case(found(GOOD, channel("CH2", (30, 0))), PASS, "retention_enough"),
    "under the name of its profile": Case(found(GOOD, channel("P2", (31, 0))), PASS, "retention_enough"),
    "hole of just less than an hour": Case(
        found(GOOD, channel("CH2", (40, 10), (9.96, 0))), PASS, "retention_enough"
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_each_channel_is_judged_by_its_own_recordings(case: Case) -> None:
    assert (case.finding.outcome, case.finding.message.key) == (case.outcome, f"findings.{case.says}")


def test_the_summary_of_a_recorder_proves_nothing_of_a_channel() -> None:
    device = device_facts(media=TWO, recording=RecordingFacts(ago(45), NOW, 2))
    finding = judged("retention", replace(camera_facts(device=device), video_source="CH2"))
    assert (finding.outcome, finding.manual) == (OPEN, True)


def test_the_days_held_and_the_days_with_holes_are_told() -> None:
    finding = found(GOOD, channel("CH2", (40, 20.5), (20.2, 9.5), (9.2, 0)))
    assert finding.observed == pytest.approx(40) and dict(finding.message.args)["holes"] == 2


def kept(
    *channels: ChannelRecording, source: str = "CH2", offset_s: float = 0.0, media: MediaFacts = TWO
) -> KeptRecording | None:
    """What is published of one channel, by the words of the default profile."""
    recording = RecordingFacts(ago(45), NOW, 2, channels)
    device = device_facts(media=media, recording=recording, clock=device_clock(offset_s=offset_s))
    camera = replace(camera_facts(device=device), video_source=source)
    return recording_of(load_profile("ubnd-3288"), camera, replace(site_facts(), now=NOW))


def test_what_is_kept_is_published_of_each_channel() -> None:
    held = kept(GOOD, channel("CH2", (40, 20.5), (20.2, 9.5), (9.2, 0.5)))
    assert held is not None and held.days == pytest.approx(39.5) and held.days_with_holes == 2
    assert (held.since, held.newest) == (ago(40), ago(0.5))
    assert kept(GOOD, channel("CH2", (40, 25), (5, 0))) == KeptRecording(5.0, ago(5), ago(0), 0)
    assert kept(GOOD, channel("CH2")) == KeptRecording(0.0, None, None, None)
    assert kept(GOOD, channel("CH2", (40, 0), stated=False)) == KeptRecording(40.0, ago(40), ago(0), None)


@pytest.mark.parametrize(
    "unknown",
    [
        kept(GOOD),  # nothing under this channel's name: the finding says so, there is no figure
        kept(GOOD, channel("CH2", (40, 0)), offset_s=25200),
        kept(GOOD, channel("CH2", (40, -1))),
        kept(GOOD, channel("CH2", (20_000, 0))),
        kept(channel("Cam A", (45, 0)), channel("Cam B", (45, 0))),
        kept(GOOD, untold(channel("CH2"))),
    ],
)
def test_what_is_not_told_of_this_channel_or_cannot_be_has_no_figure(unknown: KeptRecording | None) -> None:
    assert unknown is None


def test_a_camera_of_its_own_has_the_summary_and_no_word_of_holes() -> None:
    assert kept(source="CH1", media=ONE) == KeptRecording(45.0, ago(45), NOW, None)


ONE = MediaFacts("media2", (media_profile(token="P1", video_source="CH1"),))


@each([("Cam A", "Cam B"), ("P1", "Cam B"), ("CH1", "P1"), ("Cam A",)])
def test_the_summary_does_not_count_where_recordings_are_listed(names: tuple[str, ...]) -> None:
    """A recorder of which one channel alone is connected shows one source; its summary is of all."""
    channels = tuple(channel(name, (3, 0)) for name in names)
    device = device_facts(media=ONE, recording=RecordingFacts(ago(45), NOW, 2, channels))
    finding = judged("retention", replace(camera_facts(device=device), video_source=None))
    assert finding.outcome is OPEN and finding.manual


def test_what_was_asked_a_day_ago_is_judged_as_of_then() -> None:
    """A service asks once a day and judges every few seconds: no recording stops by that, and none grows."""
    recording = RecordingFacts(ago(45), NOW, 2, (GOOD, channel("CH2", (40, 0))), asked_at=NOW)
    device = device_facts(media=TWO, recording=recording, clock=device_clock(offset_s=0.0))
    camera = replace(camera_facts(device=device), video_source="CH2")
    then = judged("retention", camera)
    later = judged("retention", camera, site=site_facts(now=NOW + timedelta(days=1, hours=3)))
    assert then.outcome is PASS and later == then
