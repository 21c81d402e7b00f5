"""The questions about media: profiles, encoder menus, stream addresses. Talks through a Conversation only.

Media2 first, because H.265 exists only there; Media1 where Media2 is missing or useless, and beside it for
the channels that Media2 leaves out. Streams are asked for one by one, because one bad token must not hide the
others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from camagent.interrogate.conversation import Conversation
from camagent.interrogate.envelopes import (
    GET_MEDIA1_ENCODERS,
    GET_MEDIA1_PROFILES,
    GET_MEDIA2_ENCODERS,
    GET_MEDIA2_PROFILES,
    GET_MEDIA2_PROFILES_ALL,
    Question,
    get_encoder_options,
    get_encoders_of_profile,
    get_source_modes,
    get_stream_uri,
)
from camagent.interrogate.media_replies import StatedProfile, StatedProfiles
from camagent.interrogate.merged_profiles import merged
from camagent.interrogate.quirks import Quirk
from camagent.interrogate.service_urls import service_url
from camagent.model.device import (
    EncoderOptions,
    EncoderSettings,
    MediaFacts,
    MediaProfile,
    Service,
    ServiceCapabilities,
)
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.onvif import MEDIA1_NS, MEDIA2_NS
from camagent.model.source_mode import SourceMode
from camagent.model.uri import StreamUri

USUAL_PROFILES = 8  # of a camera; a recorder has a few for each channel
# a stream address and a menu for one more profile, at the polite five requests a second, twice over
MORE_S = 0.8
MOST_MORE_S = 200.0  # the largest recorders have 128 channels of two profiles
_OF_THE_DEVICE = (
    FaultCode.AUTH_REQUIRED,
    FaultCode.LOCKED_OUT,
    FaultCode.BUDGET_SPENT,
)  # no service answers better
_SAID_NO = (FaultCode.SOAP_FAULT, FaultCode.UNSUPPORTED)  # in SOAP: another way of asking may please it more


@dataclass(frozen=True, slots=True)
class MediaDoor:
    """One media service of the device."""

    namespace: str
    url: str

    @property
    def list_question(self) -> Question[StatedProfiles]:
        """Its GetProfiles."""
        return GET_MEDIA2_PROFILES if self.namespace == MEDIA2_NS else GET_MEDIA1_PROFILES


def media_doors(services: Sequence[Service], device_url: str) -> tuple[MediaDoor, ...]:
    """Media2 before Media1; where no list of services could be had, both at the device service itself."""
    both = (MEDIA2_NS, MEDIA1_NS)
    urls = ((namespace, service_url(services, namespace)) for namespace in both)
    doors = tuple(MediaDoor(namespace, url) for namespace, url in urls if url is not None)
    return doors or tuple(MediaDoor(namespace, device_url) for namespace in both)


def _best_door(lists: Mapping[MediaDoor, StatedProfiles]) -> MediaDoor:
    """The first that states an encoder, else the first."""
    with_encoder = (door for door, listed in lists.items() if any(p.encoder for p in listed.profiles))
    return next(with_encoder, next(iter(lists)))


async def fetch_media(
    conversation: Conversation, doors: Sequence[MediaDoor], claims: ServiceCapabilities | Fault | None = None
) -> MediaFacts | Fault:
    """Everything about the media profiles, the main ones first, as long as time allows.

    claims: what the services say that they can do.
    """
    # Media1 refuses fewer accounts than Media2
    in_turn = doors if conversation.proven else doors[::-1]
    outcomes = {door: await _fetch_profiles(conversation, door) for door in in_turn}
    lists = {door: o for door in doors if isinstance(o := outcomes[door], StatedProfiles)}
    if not lists:
        return next(o for door in doors if isinstance(o := outcomes[door], Fault))
    chosen = _best_door(lists)
    ordered_doors = (chosen, *(door for door in lists if door is not chosen))
    stated = merged([lists[door].profiles for door in ordered_doors])
    rows = await _complete(conversation, stated, doors, chosen)
    places = {p.token: tuple(d for d in ordered_doors if _lists(lists[d], p.token)) for p in rows}
    ordered = _main_first(rows)
    if (more := len(ordered) - USUAL_PROFILES) > 0:
        conversation.hurry()
        conversation.allow_more_s(min(more * MORE_S, MOST_MORE_S))
    streams = {p.token: await _fetch_stream(conversation, places[p.token], p.token) for p in ordered}
    sources = {profile.video_source for profile in lists[chosen].profiles}
    # a camera's profile that only one service lists may have an encoder that the other knows better
    menu_places = {p.token: ordered_doors if p.video_source in sources else places[p.token] for p in rows}
    menus = await _fetch_menus(conversation, menu_places, ordered)
    facts = (_media_profile(conversation, p, streams[p.token], menus) for p in rows)
    beside = await _fetch_media1_menus(conversation, outcomes, chosen, ordered)
    has_modes = isinstance(claims, ServiceCapabilities) and claims.source_modes
    modes = await _fetch_source_modes(conversation, doors[0], sources) if has_modes else None
    return MediaFacts(
        service="media2" if chosen.namespace == MEDIA2_NS else "media1",
        profiles=tuple(
            replace(profile, media1_options=beside.get(profile.token), source_modes=modes)
            for profile in facts
        ),
        truncated=lists[chosen].truncated,
    )


def _lists(listed: StatedProfiles, token: str) -> bool:
    return any(profile.token == token for profile in listed.profiles)


async def _complete(
    conversation: Conversation, rows: Sequence[StatedProfile], doors: Sequence[MediaDoor], chosen: MediaDoor
) -> tuple[StatedProfile, ...]:
    """The rows with their encoders as the lists of configurations state them, where the profiles themselves
    do not.

    Media2 is asked also where its profiles name no encoder and Media1's do: only there H.265 is called by its
    name, and a configuration has the same token in both services.
    """
    for door in doors:
        is_better = door.namespace == MEDIA2_NS and chosen is not door
        if not is_better and all(_is_complete(row.encoder) for row in rows):
            continue
        question = GET_MEDIA2_ENCODERS if door.namespace == MEDIA2_NS else GET_MEDIA1_ENCODERS
        stated = await conversation.ask(question, door.url)
        if not isinstance(stated, Fault):
            rows = tuple(_with_configuration(row, {e.token: e for e in stated}, is_better) for row in rows)
    media2 = next((door for door in doors if door.namespace == MEDIA2_NS), None)
    if media2 is not None and not any(row.encoder for row in rows):
        few = [await _with_only_encoder(conversation, media2, row) for row in rows[:USUAL_PROFILES]]
        rows = [*few, *rows[USUAL_PROFILES:]]
    return tuple(rows)


def _is_complete(encoder: EncoderSettings | None) -> bool:
    return encoder is not None and encoder.codec is not None and bool(encoder.width_px)


def _with_configuration(
    row: StatedProfile, stated: Mapping[str, EncoderSettings], is_better: bool
) -> StatedProfile:
    listed = stated.get(row.encoder.token) if row.encoder is not None else None
    if listed is None or not (is_better or not _is_complete(row.encoder)):
        return row
    return replace(row, encoder=listed)


async def _with_only_encoder(
    conversation: Conversation, door: MediaDoor, row: StatedProfile
) -> StatedProfile:
    """The encoder of a profile that names none, where it is the only one that the profile may use."""
    stated = await conversation.ask(get_encoders_of_profile(row.token), door.url)
    if isinstance(stated, Fault) or len(stated) != 1 or row.video_source is None:
        return row
    return replace(row, encoder=stated[0])


async def _fetch_profiles(conversation: Conversation, door: MediaDoor) -> StatedProfiles | Fault:
    outcome = await conversation.ask(door.list_question, door.url)
    if isinstance(outcome, Fault):
        if door.namespace != MEDIA2_NS or outcome.code not in _SAID_NO:
            return outcome
        outcome = await conversation.ask(GET_MEDIA2_PROFILES_ALL, door.url)
        if isinstance(outcome, Fault):
            return outcome
    listed = outcome
    if door.namespace == MEDIA2_NS and listed.profiles and not any(p.encoder for p in listed.profiles):
        again = await conversation.ask(GET_MEDIA2_PROFILES_ALL, door.url)  # some fill the list only for All
        if not isinstance(again, Fault):
            conversation.quirks.add(Quirk.WANTS_ALL_TYPES)
            listed = again
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
        if conversation.is_gone or answer.code in (*_OF_THE_DEVICE, conversation.stopped):
            break
    return first or Fault(FaultCode.UNSUPPORTED, Stage.INTERROGATE, "GetStreamUri", 0.0)


async def _ask_stream(
    conversation: Conversation, door: MediaDoor, token: str
) -> tuple[StreamUri, bool] | Fault:
    """The stream's address as stated, and whether it came with credentials inside."""
    outcome = await conversation.ask(get_stream_uri(door.namespace, token), door.url)
    if isinstance(outcome, Fault) and outcome.code is FaultCode.SOAP_FAULT and door.namespace == MEDIA2_NS:
        outcome = await conversation.ask(
            get_stream_uri(door.namespace, token, protocol="RtspUnicast"), door.url
        )
    if isinstance(outcome, Fault):
        return outcome
    if outcome is None:
        fault = Fault(FaultCode.MALFORMED_REPLY, Stage.INTERROGATE, "GetStreamUri", 0.0)
        conversation.faults.append(fault)
        return fault
    return outcome.uri, outcome.had_credentials


async def _fetch_menus(
    conversation: Conversation, places: Mapping[str, Sequence[MediaDoor]], profiles: Sequence[StatedProfile]
) -> dict[str, tuple[EncoderOptions, ...] | Fault]:
    """Encoder options by configuration token: asked once for each encoder, of the services that list the
    profile."""
    menus: dict[str, tuple[EncoderOptions, ...] | Fault] = {}
    for profile in profiles:
        if profile.encoder is None or not profile.encoder.token or profile.encoder.token in menus:
            continue
        menus[profile.encoder.token] = await _fetch_menu(conversation, places[profile.token], profile)
    return menus


async def _fetch_menu(
    conversation: Conversation, doors: Sequence[MediaDoor], profile: StatedProfile
) -> tuple[EncoderOptions, ...] | Fault:
    """The menu of one encoder from Media2 where that lists the profile (H.265 stands there only), else from
    Media1."""
    token = profile.encoder.token if profile.encoder is not None else ""
    outcome: tuple[EncoderOptions, ...] | Fault = Fault(
        FaultCode.UNSUPPORTED, Stage.INTERROGATE, "GetVideoEncoderConfigurationOptions", 0.0
    )
    for door in sorted(doors, key=lambda door: door.namespace != MEDIA2_NS):
        outcome = await conversation.ask(get_encoder_options(door.namespace, token, profile.token), door.url)
        if not isinstance(outcome, Fault) or outcome.code not in _SAID_NO:
            break
    return outcome


async def _fetch_media1_menus(
    conversation: Conversation,
    outcomes: Mapping[MediaDoor, StatedProfiles | Fault],
    chosen: MediaDoor,
    profiles: Sequence[StatedProfile],
) -> dict[str, tuple[EncoderOptions, ...] | Fault]:
    """Media1's menu by profile token, beside Media2's that counts: one of them may leave out what the encoder
    can do, and a camera that is not replaced for want of it costs one question.

    Asked for the profiles that may be the main one. Of several sources none is asked: a recorder's menu
    condemns no camera. No answer is no fault of the interview; it stands in the place of the menu.
    """
    door = next((door for door in outcomes if door.namespace == MEDIA1_NS), None)
    several = len({profile.video_source for profile in profiles} - {None}) > 1
    if door is None or chosen.namespace != MEDIA2_NS or several:
        return {}
    listed = outcomes[door]
    if isinstance(listed, Fault):
        # without any profile it has no menu either
        return {p.token: () for p in profiles} if listed.code is FaultCode.NO_MEDIA_PROFILE else {}
    menus: dict[str, tuple[EncoderOptions, ...] | Fault] = {
        profile.token: () for profile in profiles if not _lists(listed, profile.token)
    }
    for profile in _maybe_main(profiles):
        if profile.token not in menus and profile.encoder is not None:
            before = len(conversation.faults)
            question = get_encoder_options(MEDIA1_NS, profile.encoder.token, profile.token)
            answer: tuple[EncoderOptions, ...] | Fault = await conversation.ask(question, door.url)
            menus[profile.token] = answer
            del conversation.faults[before:]
    return menus


async def _fetch_source_modes(
    conversation: Conversation, door: MediaDoor, sources: Collection[str | None]
) -> tuple[SourceMode, ...] | Fault | None:
    """The modes of the only sensor; no answer is no fault of the interview, and stands in their place."""
    source = next(iter(sources)) if len(sources) == 1 else None
    if not source:
        return None
    before = len(conversation.faults)
    question = get_source_modes(door.namespace, source)
    answer: tuple[SourceMode, ...] | Fault = await conversation.ask(question, door.url)
    del conversation.faults[before:]
    return answer


def _maybe_main(ordered: Sequence[StatedProfile]) -> Iterator[StatedProfile]:
    """The first profile of video, and what is set to larger single pictures: see run/main_stream.py."""
    for profile in ordered[:USUAL_PROFILES]:
        if profile.encoder is not None and profile.encoder.token:
            yield profile
            if profile.encoder.codec != "mjpeg":
                return


def _main_first(profiles: Sequence[StatedProfile]) -> tuple[StatedProfile, ...]:
    """The largest picture of every video source first, then the next: what runs out of time is the least
    needed."""
    ranks: dict[str | None, int] = {}
    ranked: list[tuple[int, int, StatedProfile]] = []
    by_size = sorted(enumerate(profiles), key=lambda pair: (-_pixels(pair[1].encoder), pair[0]))
    for index, profile in by_size:
        rank = ranks.get(profile.video_source, 0)
        ranks[profile.video_source] = rank + 1
        ranked.append((rank, index, profile))
    return tuple(profile for _, _, profile in sorted(ranked, key=lambda entry: entry[:2]))


def _pixels(encoder: EncoderSettings | None) -> int:
    return (encoder.width_px or 0) * (encoder.height_px or 0) if encoder is not None else 0


def _media_profile(
    conversation: Conversation,
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
    uri = uri.pinned(conversation.host).hiding(conversation.credential)
    return replace(plain, stream_uri=uri, uri_had_credentials=had_credentials)
