"""Which address a request names: base, control and host, pinned to where we are connected. Pure."""

from __future__ import annotations

from camagent.model.uri import MAX_URI_CHARS, StreamUri, parse_stream_uri
from camagent.observe.rtsp.messages import Response


def base_uri(response: Response, requested: StreamUri) -> str:
    """What relative control addresses are relative to: Content-Base, Content-Location, else what was asked
    for.

    Whatever host is named, the answer stays at the host, port and scheme that we reached: requests carry
    log-ins.
    """
    for name in ("Content-Base", "Content-Location"):
        stated = response.header(name)
        if stated:
            pinned = _pinned(stated, requested)
            if pinned is not None:
                return pinned
    return str(requested)


def control_uri(base: str, control: str | None, requested: StreamUri) -> str | None:
    """The address of a track or of the whole presentation.

    Relative ones are appended, as every camera expects (RFC 3986 would cut the last part of a base without a
    "/"). Returns: None if the device wrote something that is no address.
    """
    control = (control or "").strip() or "*"
    if control == "*":
        return base
    if "://" in control:
        return _pinned(control, requested)
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
        joint = "" if location.startswith("/") else "/"
        location = f"{requested.scheme}://{_authority(requested)}{joint}{location}"
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


def _pinned(text: str, requested: StreamUri) -> str | None:
    text = text.strip()
    if "://" not in text:  # a Content-Base without scheme (moonfire-nvr#356, Anjvision)
        text = f"{requested.scheme}:{text}" if text.startswith("//") else f"{requested.scheme}://{text}"
    parsed = parse_stream_uri(text)
    if parsed is None or " " in text:
        return None
    return str(StreamUri(requested.scheme, requested.host, requested.port, parsed[0].path))
