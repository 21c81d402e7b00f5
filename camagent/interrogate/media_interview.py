"""The questions about media: profiles, encoder menus, stream addresses. Talks through a Conversation only.

Media2 first, because H.265 exists only there; Media1 where Media2 is missing or useless, and beside it for
the channels that Media2 leaves out. Streams are asked for one by one, because one bad token must not hide the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from camagent.interrogate.addresses import service_url
from camagent.interrogate.conversation import Conversation
from camagent.interrogate.envelopes import (
    GET_MEDIA1_PROFILES,
    GET_MEDIA2_PROFILES,
    GET_MEDIA2_PROFILES_ALL,
    Question,
    get_encoder_options,
    get_stream_uri,
)
from camagent.interrogate.media_replies import (
    StatedProfile,
    StatedProfiles,
    parse_media1_options,
    parse_media1_profiles,
    parse_media2_options,
    parse_media2_profiles,
    parse_stream_address,
)
from camagent.interrogate.quirks import Quirk
from camagent.model.device import EncoderOptions, EncoderSettings, MediaFacts, MediaProfile, Service
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.onvif import MEDIA1_NS, MEDIA2_NS
from camagent.model.uri import StreamUri

USUAL_PROFILES = 8  # of a camera; a recorder has a few for each channel
MORE_S = 0.8  # a stream address and a menu for one more profile, at the polite five requests a second, twice over
MOST_MORE_S = 200.0  # the largest recorders have 128 channels of two profiles
_NONE = StatedProfiles((), 0)
_OF_THE_SERVICE = (FaultCode.SOAP_FAULT, FaultCode.UNSUPPORTED, FaultCode.MALFORMED_REPLY, FaultCode.NOT_FOUND)
_SAID_NO = (FaultCode.SOAP_FAULT, FaultCode.UNSUPPORTED)  # in SOAP: another way of asking may please it more


@dataclass(frozen=True, slots=True)
class MediaDoor:
    """One media service of the device."""

    namespace: str
    url: str

    @property
    def list_question(self) -> Question:
        """Its GetProfiles."""
        return GET_MEDIA2_PROFILES if self.namespace == MEDIA2_NS else GET_MEDIA1_PROFILES


def media_doors(services: Sequence[Service], device_url: str) -> tuple[MediaDoor, ...]:
    """Media2 before Media1; where no list of services could be had, Media1 at the device service itself."""
    urls = ((namespace, service_url(services, namespace)) for namespace in (MEDIA2_NS, MEDIA1_NS))
    doors = tuple(MediaDoor(namespace, url) for namespace, url in urls if url is not None)
    return doors or (MediaDoor(MEDIA1_NS, device_url),)


async def fetch_media(conversation: Conversation, doors: Sequence[MediaDoor]) -> MediaFacts | Fault:
    """Everything about the media profiles, the main ones first, as long as time allows."""
    outcomes = [await _fetch_profiles(conversation, door) for door in doors]
    pairs = [(d, o) for d, o in zip(doors, outcomes, strict=True) if isinstance(o, StatedProfiles)]
    chosen = next(((d, o) for d, o in pairs if any(p.encoder for p in o.profiles)), pairs[0] if pairs else None)
    if chosen is None:
        return next(o for o in outcomes if isinstance(o, Fault))
    door, listed = chosen
    beside, cross = next(((d, o) for d, o in pairs if d.namespace == MEDIA1_NS and d is not door), (door, _NONE))
    rows = (*listed.profiles, *_left_out(listed.profiles, cross.profiles))
    ours, theirs = {p.token for p in listed.profiles}, {p.token for p in cross.profiles}
    places = {p.token: _places(door if p.token in ours else None, beside if p.token in theirs else None) for p in rows}
    ordered = _main_first(rows)
    conversation.allow_more_s(min(max(0, len(ordered) - USUAL_PROFILES) * MORE_S, MOST_MORE_S))
    streams = {p.token: await _fetch_stream(conversation, places[p.token], p.token) for p in ordered}
    menus = await _fetch_menus(conversation, places, ordered)
    return MediaFacts(
        service="media2" if door.namespace == MEDIA2_NS else "media1",
        profiles=tuple(_media_profile(conversation.host, p, streams[p.token], menus) for p in rows),
        truncated=listed.truncated,
    )


def _left_out(listed: Sequence[StatedProfile], cross: Sequence[StatedProfile]) -> tuple[StatedProfile, ...]:
    """Profiles of Media1 on video sources that Media2 does not show: a recorder must not lose channels to a short list.

    Only where both services name their sources alike; else one camera would be taken for two.
    """
    ours, theirs = {p.video_source for p in listed}, {p.video_source for p in cross if p.video_source}
    known = {p.token for p in listed}
    if not ours < theirs:
        return ()
    return tuple(p for p in cross if p.video_source in theirs - ours and p.token not in known)


def _places(*doors: MediaDoor | None) -> tuple[MediaDoor, ...]:
    return tuple(door for door in doors if door is not None)


async def _fetch_profiles(conversation: Conversation, door: MediaDoor) -> StatedProfiles | Fault:
    outcome = await conversation.ask(door.list_question, door.url)
    if isinstance(outcome, Fault):
        if door.namespace != MEDIA2_NS or outcome.code not in _SAID_NO:
            return outcome
        outcome = await conversation.ask(GET_MEDIA2_PROFILES_ALL, door.url)
        if isinstance(outcome, Fault):
            return outcome
    parse = parse_media2_profiles if door.namespace == MEDIA2_NS else parse_media1_profiles
    listed = parse(outcome.node)
    if door.namespace == MEDIA2_NS and listed.profiles and not any(p.encoder for p in listed.profiles):
        again = await conversation.ask(GET_MEDIA2_PROFILES_ALL, door.url)  # some fill the list only for All
        if not isinstance(again, Fault):
            conversation.quirks.add(Quirk.WANTS_ALL_TYPES)
            listed = parse(again.node)
    if not listed.profiles:
        fault = Fault(FaultCode.NO_MEDIA_PROFILE, Stage.INTERROGATE, "GetProfiles", 0.0)
        conversation.faults.append(fault)
        return fault
    return listed


async def _fetch_stream(
    conversation: Conversation, places: Sequence[MediaDoor], token: str
) -> tuple[StreamUri, bool] | Fault:
    """The stream's address from the first service that gives one."""
    first: Fault | None = None
    for door in places:
        answer = await _ask_stream(conversation, door, token)
        if not isinstance(answer, Fault):
            return answer
        first = first or answer
        if answer.code not in _OF_THE_SERVICE:
            break
    return first or Fault(FaultCode.UNSUPPORTED, Stage.INTERROGATE, "GetStreamUri", 0.0)


async def _ask_stream(conversation: Conversation, door: MediaDoor, token: str) -> tuple[StreamUri, bool] | Fault:
    """The stream's address as stated, and whether it came with credentials inside."""
    outcome = await conversation.ask(get_stream_uri(door.namespace, token), door.url)
    if isinstance(outcome, Fault) and outcome.code is FaultCode.SOAP_FAULT and door.namespace == MEDIA2_NS:
        outcome = await conversation.ask(get_stream_uri(door.namespace, token, protocol="RtspUnicast"), door.url)
    if isinstance(outcome, Fault):
        return outcome
    stated = parse_stream_address(outcome.node)
    if stated is None:
        fault = Fault(FaultCode.MALFORMED_REPLY, Stage.INTERROGATE, "GetStreamUri", 0.0)
        conversation.faults.append(fault)
        return fault
    return stated.uri, stated.had_credentials


async def _fetch_menus(
    conversation: Conversation, places: Mapping[str, Sequence[MediaDoor]], profiles: Sequence[StatedProfile]
) -> dict[str, tuple[EncoderOptions, ...] | Fault]:
    """Encoder options by configuration token: asked once for each encoder, of the service that listed it."""
    menus: dict[str, tuple[EncoderOptions, ...] | Fault] = {}
    for profile in profiles:
        if profile.encoder is None or not profile.encoder.token or profile.encoder.token in menus:
            continue
        door = places[profile.token][0]
        parse = parse_media2_options if door.namespace == MEDIA2_NS else parse_media1_options
        question = get_encoder_options(door.namespace, profile.encoder.token, profile.token)
        outcome = await conversation.ask(question, door.url)
        menus[profile.encoder.token] = outcome if isinstance(outcome, Fault) else parse(outcome.node)
    return menus


def _main_first(profiles: Sequence[StatedProfile]) -> tuple[StatedProfile, ...]:
    """The largest picture of every video source first, then the next: what runs out of time is the least needed."""
    seen: dict[str | None, int] = {}
    ranked: list[tuple[int, int, StatedProfile]] = []
    by_size = sorted(enumerate(profiles), key=lambda pair: (-_pixels(pair[1].encoder), pair[0]))
    for index, profile in by_size:
        rank = seen.get(profile.video_source, 0)
        seen[profile.video_source] = rank + 1
        ranked.append((rank, index, profile))
    return tuple(profile for _, _, profile in sorted(ranked, key=lambda entry: entry[:2]))


def _pixels(encoder: EncoderSettings | None) -> int:
    return (encoder.width_px or 0) * (encoder.height_px or 0) if encoder is not None else 0


def _media_profile(
    host: str,
    stated: StatedProfile,
    stream: tuple[StreamUri, bool] | Fault,
    menus: dict[str, tuple[EncoderOptions, ...] | Fault],
) -> MediaProfile:
    plain = MediaProfile(
        token=stated.token,
        name=stated.name,
        video_source=stated.video_source,
        video_source_name=stated.video_source_name,
        encoder=stated.encoder,
        options=menus.get(stated.encoder.token) if stated.encoder is not None else None,
        stream_uri=None,
        view=stated.view,
    )
    if isinstance(stream, Fault):
        return replace(plain, stream_uri=stream)
    uri, had_credentials = stream
    return replace(plain, stream_uri=uri.pinned(host), uri_had_credentials=had_credentials)
