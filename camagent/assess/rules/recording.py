"""How far back a camera's recordings reach, where the device tells (ONVIF Profile G); else a person answers.
Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from camagent.assess.judgement import Judgement, phrase
from camagent.assess.rule import About, Rule
from camagent.assess.rules.manual import judged_answer
from camagent.model.device import DeviceClock, DeviceFacts, MediaFacts
from camagent.model.finding import Outcome
from camagent.model.recordings import ChannelRecording, RecordingFacts, TimeSpan, as_one_channel
from camagent.model.scan_result import CameraFacts, KeptRecording, ManualAnswer, SiteFacts
from camagent.model.text import Scalar

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class ChannelHolding:
    """What is kept of one channel, as of a moment."""

    since: datetime
    """Where the newest unbroken run begins; a run is broken by a hole of `gap_s` or more."""
    newest: datetime
    days: float
    """From `since` to the moment."""
    days_with_holes: int
    """Days of that run in which something of `hole_s` or more is missing."""


def held(channel: ChannelRecording, now: datetime, hole_s: float, gap_s: float) -> ChannelHolding | None:
    """The newest run of the channel; None where nothing is kept."""
    if not channel.spans:
        return None
    since, newest = channel.spans[-1].begin, channel.spans[-1].end
    holed: set[int] = set()
    for earlier, later in zip(reversed(channel.spans[:-1]), reversed(channel.spans[1:]), strict=True):
        missing_s = (later.begin - earlier.end).total_seconds()
        if missing_s >= gap_s:
            break
        if missing_s >= hole_s:
            ago = [int((now - at).total_seconds() // DAY_S) for at in (earlier.end, later.begin)]
            holed.update(range(ago[1], ago[0] + 1))
        since = earlier.begin
    return ChannelHolding(since, newest, (now - since).total_seconds() / DAY_S, len(holed))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the row asks for, and who answers where the network cannot."""

    minimum_days: float
    stopped_after_s: float
    believable_days: float
    hole_s: float
    gap_s: float
    now: datetime
    """When the device was asked; a service judges until it asks again, a day later."""
    by_hand: Judgement
    clock_is_read: bool
    """The device's clock was read; else it may be wrong by years."""

    def a_person(self, name: str, **args: Scalar) -> Judgement:
        """The answer of a person; where there is none, why the device's own word does not do."""
        if self.by_hand.outcome is not Outcome.NOT_ASSESSED:
            return self.by_hand
        return Judgement(Outcome.NOT_ASSESSED, phrase(name, **args), manual=True)


def retention(
    recording: RecordingFacts | None,
    camera: CameraFacts,
    answer: ManualAnswer | None,
    site: SiteFacts,
    *,
    minimum_days: float,
    stopped_after_s: float,
    believable_days: float,
    hole_s: float,
    gap_s: float,
    valid_days: int,
) -> Judgement:
    """Recordings of this camera reach back long enough, without a hole.

    Each channel is judged by its own recordings. The summary of a device with several sources proves nothing
    of one of them, and no summary tells of holes, so it can only warn. A camera's memory card can only prove
    enough: a short card says nothing about the recorder that may stand behind the camera, so a person has to
    answer. So it is with a date that cannot be (1970, tomorrow), with a clock that is wrong by more than a
    hole, and with no recording at all.
    """
    by_hand = judged_answer(answer, site, valid_days)
    device = camera.device if isinstance(camera.device, DeviceFacts) else None
    if recording is None or device is None:
        return by_hand
    now = recording.asked_at or site.now
    offset_s = device.clock.offset_s if isinstance(device.clock, DeviceClock) else None
    asked = _Asked(
        minimum_days, stopped_after_s, believable_days, hole_s, gap_s, now, by_hand, offset_s is not None
    )
    if abs(offset_s or 0.0) >= hole_s:
        return asked.a_person("retention_clock")
    media = device.media if isinstance(device.media, MediaFacts) else None
    own = _own_recordings(camera, media, recording)
    if own is not None:
        return _judge(asked, own, recording, _is_recorder(media))
    return _no_channel(asked, recording, media) if _is_of_several(media, recording) else by_hand


def _judge(asked: _Asked, own: ChannelRecording, recording: RecordingFacts, is_recorder: bool) -> Judgement:
    kept = held(own, asked.now, asked.hole_s, asked.gap_s)
    if kept is None:
        return _nothing_kept(asked, own) if is_recorder else asked.by_hand
    oldest_days = (asked.now - own.spans[0].begin).total_seconds() / DAY_S
    if not _is_believable(own, kept, asked.now, asked.believable_days, asked.hole_s):
        is_old = _ahead_s(kept, asked.now) <= asked.hole_s
        doubtful = own.spans[0].begin if is_old else kept.newest
        return asked.a_person("retention_unbelievable", since=doubtful.date().isoformat())
    stopped = (asked.now - kept.newest).total_seconds() > asked.stopped_after_s
    days, minimum = kept.days, asked.minimum_days
    if not stopped and days >= minimum:
        return _enough(own, kept, minimum)
    if not is_recorder:
        return asked.by_hand
    if not own.times_told:
        return asked.a_person("retention_times_untold")
    if stopped and not asked.clock_is_read:
        return asked.a_person("retention_clock_unread", newest=kept.newest.date().isoformat())
    if not stopped and oldest_days < minimum and _is_new_here(asked, own, recording):
        return asked.a_person("retention_new", since=kept.since.date().isoformat())
    name = "retention_gap" if oldest_days >= minimum else "retention_short"
    if stopped:
        name = "retention_stopped"
    return Judgement(Outcome.FAIL, phrase(name, days=days, minimum=minimum), observed=days, measured=days)


def _nothing_kept(asked: _Asked, own: ChannelRecording) -> Judgement:
    if not own.times_told:
        return asked.a_person("retention_times_untold")
    return Judgement(Outcome.FAIL, phrase("retention_none"))


def _enough(own: ChannelRecording, kept: ChannelHolding, minimum_days: float) -> Judgement:
    """Far enough back; holes, or not knowing of them, are less than what is asked and no failure."""
    outcome, name = Outcome.PASS, "retention_enough"
    if not own.holes_told:
        outcome, name = Outcome.WARN, "retention_holes_unknown"
    elif kept.days_with_holes:
        outcome, name = Outcome.WARN, "retention_holes"
    sentence = phrase(name, days=kept.days, minimum=minimum_days, holes=kept.days_with_holes)
    return Judgement(outcome, sentence, observed=kept.days, measured=kept.days)


def _is_new_here(asked: _Asked, own: ChannelRecording, recording: RecordingFacts) -> bool:
    """Another channel is proven to be kept long enough: the disk does, so this channel is younger, not
    short."""
    channels = recording.channels if isinstance(recording.channels, tuple) else ()
    others = [
        held(c, asked.now, asked.hole_s, asked.gap_s) for c in channels if c.holes_told and c is not own
    ]
    return any(other is not None and other.days >= asked.minimum_days for other in others)


def kept_recording(
    camera: CameraFacts, now: datetime, *, believable_days: float, hole_s: float, gap_s: float
) -> KeptRecording | None:
    """What is kept of this camera; None where the device tells nothing of it alone, or what cannot be."""
    device = camera.device if isinstance(camera.device, DeviceFacts) else None
    recording = device.recording if device is not None else None
    if device is None or not isinstance(recording, RecordingFacts):
        return None
    if isinstance(device.clock, DeviceClock) and abs(device.clock.offset_s or 0.0) >= hole_s:
        return None
    media = device.media if isinstance(device.media, MediaFacts) else None
    own = _own_recordings(camera, media, recording)
    if own is None:
        return None
    now = recording.asked_at or now
    kept = held(own, now, hole_s, gap_s)
    if kept is None:
        return KeptRecording(0.0, None, None, None) if own.times_told else None
    if not _is_believable(own, kept, now, believable_days, hole_s):
        return None
    days = (kept.newest - kept.since).total_seconds() / DAY_S
    return KeptRecording(days, kept.since, kept.newest, kept.days_with_holes if own.holes_told else None)


def _is_believable(
    own: ChannelRecording, kept: ChannelHolding, now: datetime, believable_days: float, hole_s: float
) -> bool:
    """Neither older than any disk of a school, nor of tomorrow."""
    oldest_days = (now - own.spans[0].begin).total_seconds() / DAY_S
    return oldest_days <= believable_days and _ahead_s(kept, now) <= hole_s


def _ahead_s(kept: ChannelHolding, now: datetime) -> float:
    """How far the recordings reach into the future."""
    return max((kept.newest - now).total_seconds(), -kept.days * DAY_S)


def channel_of(
    source: str | None, media: MediaFacts | None, recording: RecordingFacts
) -> ChannelRecording | None:
    """The recordings of that video source, by its token or those of its profiles; None: not told.

    What a device with one source lists as one channel is of that source, under whatever name.
    """
    channels = recording.channels if isinstance(recording.channels, tuple) else ()
    is_recorder = _is_recorder(media)
    if len(channels) == 1 and not is_recorder:
        return channels[0]
    profiles = media.profiles if media is not None else ()
    own = [p for p in profiles if p.video_source == source or not is_recorder]
    names = {p.token for p in own} | {p.video_source for p in own} | {source}
    return as_one_channel([channel for channel in channels if channel.source in names])


def _own_recordings(
    camera: CameraFacts, media: MediaFacts | None, recording: RecordingFacts
) -> ChannelRecording | None:
    """What is told of this camera alone; None where nothing is."""
    own = channel_of(camera.video_source, media, recording)
    if own is not None or _is_of_several(media, recording):
        return own
    return _whole_device(recording)


def _is_of_several(media: MediaFacts | None, recording: RecordingFacts) -> bool:
    """What the device tells is of several sources, of which this camera is one at most."""
    if isinstance(recording.channels, tuple) and recording.channels:
        return True
    return _is_recorder(media)


def _no_channel(asked: _Asked, recording: RecordingFacts, media: MediaFacts | None) -> Judgement:
    """Several sources and no recording under this one's name: nothing is kept of it, or it bears another
    name."""
    channels = recording.channels
    if not isinstance(channels, tuple):
        return asked.a_person("retention_summary_only")
    profiles = media.profiles if media is not None else ()
    names = {p.video_source for p in profiles} | {p.token for p in profiles}
    if channels and all(channel.source in names for channel in channels):
        return Judgement(Outcome.FAIL, phrase("retention_none"))
    return asked.a_person("retention_no_channel")


def _whole_device(recording: RecordingFacts) -> ChannelRecording | None:
    """The summary of a device with one source, as its one channel: of holes it says nothing."""
    if recording.data_from is None or recording.recordings == 0:
        return None
    until = recording.data_until or recording.data_from
    return ChannelRecording("", (TimeSpan(recording.data_from, until),), holes_told=False)


def _is_recorder(media: MediaFacts | None) -> bool:
    """More than one video source at one address: an NVR or a DVR."""
    return (
        media is not None and len({p.video_source for p in media.profiles if p.video_source is not None}) > 1
    )


RETENTION = retention.__name__
RULES = (Rule(retention, About.CAMERA, "minimum_days"),)
