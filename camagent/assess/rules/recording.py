"""How far back the recordings reach, where the device tells (ONVIF Profile G); else a person answers. Pure."""

from __future__ import annotations

from camagent.assess.judgement import Judgement, say
from camagent.assess.rule import About, Rule
from camagent.assess.rules.manual import answered
from camagent.model.device import MediaFacts, RecordingFacts
from camagent.model.finding import Outcome
from camagent.model.scan import ManualAnswer, SiteFacts

DAY_S = 86_400.0


def retention(
    recording: RecordingFacts | None,
    media: MediaFacts | None,
    answer: ManualAnswer | None,
    site: SiteFacts,
    *,
    minimum_days: float,
    stopped_after_s: float,
    believable_days: float,
    valid_days: int,
) -> Judgement:
    """Recordings reach back long enough.

    A recorder's own memory decides for its channels. A camera's memory card can only prove enough: a short card says
    nothing about the recorder that may stand behind the camera, so a person has to answer. So it is with a date that
    cannot be (1970, tomorrow), and with a summary of no recording at all.
    """
    if recording is None or recording.data_from is None or recording.recordings == 0:
        return answered(answer, site, valid_days)
    days = (site.now - recording.data_from).total_seconds() / DAY_S
    if not 0 <= days <= believable_days:
        by_hand = answered(answer, site, valid_days)
        open_still = by_hand.outcome is Outcome.NOT_ASSESSED
        told = say("retention_unbelievable", since=recording.data_from.date().isoformat())
        return Judgement(Outcome.NOT_ASSESSED, told, manual=True) if open_still else by_hand
    until = recording.data_until
    stopped = until is not None and (site.now - until).total_seconds() > stopped_after_s
    if days >= minimum_days and not stopped:
        return Judgement(
            Outcome.PASS, say("retention_enough", days=days, minimum=minimum_days), observed=days, measured=days
        )
    if not _is_recorder(media):
        return answered(answer, site, valid_days)
    name = "retention_stopped" if stopped else "retention_short"
    return Judgement(Outcome.FAIL, say(name, days=days, minimum=minimum_days), observed=days, measured=days)


def _is_recorder(media: MediaFacts | None) -> bool:
    """More than one video source at one address: an NVR or a DVR."""
    return media is not None and len({p.video_source for p in media.profiles if p.video_source is not None}) > 1


RULES = (Rule(retention, About.CAMERA, "minimum_days"),)
