"""Which address a request names: base, control and host, pinned to where we are connected. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from urllib.parse import urljoin

from camagent.model.uri import MAX_URI_CHARS, StreamUri, parse_stream_uri
from camagent.observe.rtsp.messages import Response

MAX_WAYS = 4  # each costs a camera one request, and only one that refused the way before


@dataclass(frozen=True, slots=True)
class TrackWay:
    """Two addresses that belong together: of one track, and of the whole presentation."""

    track_uri: str
    aggregate_uri: str


def ways(
    response: Response, controls: tuple[str | None, str | None], requested: StreamUri
) -> tuple[TrackWay, ...]:
    """How the track may be asked for, the likeliest way first; of the others each is for servers that refused
    it.

    `controls`: what the description says of the whole and of the track. In turn: as every camera expects;
    under the address that we came with, whatever base is named; as written, where the host is ours; and as
    RFC 3986 joins addresses. Returns: nothing where the device wrote something that is no address.
    """
    pins: tuple[_Pin, ...] = (_pinned, _pinned_to_host)
    joined = [_way(base_uri(response, requested, pin), controls, requested, pin) for pin in pins]
    own = _way(str(requested), (None, controls[1]), requested, _pinned)
    base = base_uri(response, requested)
    strict = _pinned(urljoin(base, (controls[1] or "*").strip()), requested) if controls[1] else None
    resolved = TrackWay(strict, base) if strict else None
    if joined[0] is None:
        return ()
    tracks: dict[str, TrackWay] = {}
    for way in filter(None, (joined[0], own, joined[1], resolved)):
        tracks.setdefault(way.track_uri, way)
    return tuple(islice(tracks.values(), MAX_WAYS))


def _way(
    base: str, controls: tuple[str | None, str | None], requested: StreamUri, pin: _Pin
) -> TrackWay | None:
    whole, part = controls
    aggregate = control_uri(base, whole, requested, pin)
    track = control_uri(base if "://" in (part or "") else aggregate or base, part, requested, pin)
    return None if aggregate is None or track is None else TrackWay(track, aggregate)


def base_uri(response: Response, requested: StreamUri, pin: _Pin | None = None) -> str:
    """What relative control addresses are relative to: Content-Base, Content-Location, else what was asked
    for.

    Whatever host is named, the answer stays at the host, port and scheme that we reached: requests carry
    log-ins.
    """
    for name in ("Content-Base", "Content-Location"):
        stated = (response.header(name) or "").strip("\"'<> ")
        if stated:
            pinned = (pin or _pinned)(stated, requested)
            if pinned is not None:
                return pinned
    return str(requested)


def control_uri(base: str, control: str | None, requested: StreamUri, pin: _Pin | None = None) -> str | None:
    """The address of a track or of the whole presentation.

    Relative ones are appended, as every camera expects (RFC 3986 would cut the last part of a base without a
    "/"). Returns: None if the device wrote something that is no address.
    """
    control = (control or "").strip() or "*"
    if control == "*":
        return base
    if "://" in control:
        return (pin or _pinned)(control, requested)
    if not control.isprintable() or " " in control or len(base) + len(control) >= MAX_URI_CHARS:
        return None
    joint = "" if base.endswith("/") or control[0] in "/?" else "/"
    if base.endswith("/") and control.startswith("/"):
        control = control[1:]
    return f"{base}{joint}{control}"


def sent_on(location: str | None, requested: StreamUri, peer: str | None) -> StreamUri | None:
    """Where a redirect leads, where that is another address of the same host (named as we do, or by its IP,
    `peer`).

    Returns: None for another host, for less encryption, for what is no address, and for the address that we
    asked.
    """
    location = (location or "").strip()
    if not location.isprintable() or " " in location or not location:
        return None
    if location.startswith("//"):
        location = f"{requested.scheme}:{location}"
    if "://" not in location:
        folder = "" if location.startswith("/") else requested.path.partition("?")[0].rpartition("/")[0] + "/"
        location = f"{requested.scheme}://{_authority(requested)}{folder}{location}"
    parsed = parse_stream_uri(location)
    if parsed is None:
        return None
    target = parsed[0]
    if target.scheme not in ("rtsp", "rtsps"):
        return None
    if target.host not in (requested.host, peer) or (
        requested.scheme == "rtsps" and target.scheme != "rtsps"
    ):
        return None
    moved = StreamUri(target.scheme, requested.host, target.port, target.path)
    return None if moved == requested else moved


def _authority(uri: StreamUri) -> str:
    return str(uri).partition("://")[2].partition("/")[0]


_Pin = Callable[[str, StreamUri], str | None]


def _pinned(text: str, requested: StreamUri) -> str | None:
    named = _named(text, requested)
    return None if named is None else str(replace(requested, path=named.path))


def _pinned_to_host(text: str, requested: StreamUri) -> str | None:
    """As written, where the host is ours: the request goes where the others go, whatever port it names."""
    named = _named(text, requested)
    if named is None or (named.scheme, named.host) != (requested.scheme, requested.host) or "@" in text:
        return _pinned(text, requested)
    return text.strip() if "://" in text else str(named)


def _named(text: str, requested: StreamUri) -> StreamUri | None:
    text = text.strip()
    if "://" not in text:  # a Content-Base without scheme (moonfire-nvr#356, Anjvision)
        if text.startswith("/") and not text.startswith("//"):
            is_path = text.isprintable() and " " not in text and len(text) < MAX_URI_CHARS
            return replace(requested, path=text) if is_path else None
        text = f"{requested.scheme}:{text}" if text.startswith("//") else f"{requested.scheme}://{text}"
    parsed = parse_stream_uri(text)
    return None if parsed is None or " " in text else parsed[0]
