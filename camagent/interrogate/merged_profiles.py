"""The profiles of both media services as one list: each completes the other. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from camagent.interrogate.media_replies import StatedProfile


def merged(lists: Sequence[Sequence[StatedProfile]]) -> tuple[StatedProfile, ...]:
    """The first service's profiles, with what only the other one says of them, and those that it leaves
    out."""
    first, *others = lists
    other = others[0] if others else ()
    beside = {p.token: p for p in other}
    return (*(_with_encoder_of(p, beside.get(p.token)) for p in first), *_left_out(first, other))


def _with_encoder_of(profile: StatedProfile, other: StatedProfile | None) -> StatedProfile:
    if other is None or other.encoder is None:
        return profile
    if profile.encoder is None:
        return replace(profile, encoder=other.encoder)
    size, elsewhere = _size(profile), _size(other)
    if size is None or elsewhere is None or size == elsewhere:
        return profile
    return replace(profile, encoder=replace(profile.encoder, elsewhere_px=elsewhere))


def _size(profile: StatedProfile) -> tuple[int, int] | None:
    encoder = profile.encoder
    if encoder is None or not encoder.width_px or not encoder.height_px:
        return None
    return encoder.width_px, encoder.height_px


def _left_out(listed: Sequence[StatedProfile], others: Sequence[StatedProfile]) -> tuple[StatedProfile, ...]:
    """Profiles of the other service that the first does not show: of other video sources (a recorder must
    lose no channel to a short list), and of other encoders of the same source (a camera must not lose its
    main stream).

    Only where both name their sources alike, or have one each; else one camera would be taken for two.
    """
    ours = {p.video_source for p in listed}
    theirs = {p.video_source for p in others if p.video_source}
    tokens = {p.token for p in listed}
    rest = [p for p in others if p.token not in tokens]
    if ours < theirs:
        channels = tuple(p for p in rest if p.video_source in theirs - ours)
    elif ours == theirs or len(ours) == len(theirs) == 1:
        channels = ()
    else:
        return ()
    only = next(iter(ours)) if len(ours) == 1 else None
    same = (p for p in rest if p.video_source in ours or (only is not None and len(theirs) == 1))
    encoders = (replace(p, video_source=only or p.video_source) for p in same if _is_other(p, listed, others))
    return (*channels, *encoders)


def _is_other(
    profile: StatedProfile, listed: Sequence[StatedProfile], others: Sequence[StatedProfile]
) -> bool:
    """It has an encoder that no profile of the first service uses.

    Where the services share no name, the same encoder may be called otherwise: then only what is larger than
    everything in the first list is surely another one.
    """
    if profile.encoder is None:
        return False
    names = _names(listed)
    if profile.encoder.token in names:
        return False
    return bool(names & _names(others)) or _pixels(profile) > max(map(_pixels, listed), default=0)


def _names(profiles: Sequence[StatedProfile]) -> set[str]:
    encoders = (p.encoder.token for p in profiles if p.encoder is not None and p.encoder.token)
    return {*(p.token for p in profiles), *encoders}


def _pixels(profile: StatedProfile) -> int:
    width, height = _size(profile) or (0, 0)
    return width * height
