"""Which URLs to ask: the ladder of ports, and service addresses pinned to the host that we reached. Pure.

A device may name any host (NAT, loop-back, a factory address); credentials and questions go only to the one
that the operator gave.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import SplitResult, urljoin, urlsplit

from camagent.interrogate.device_replies import StatedService
from camagent.model.device import DeviceTarget, Service
from camagent.model.onvif import ONVIF_PATHS, TLS_PORTS
from camagent.model.uri import web_port

DEFAULT_PATH = ONVIF_PATHS[0]
MAX_URL_CHARS = 2048  # longer than any service address seen
MAX_CANDIDATES = 20  # the longest ladder of ports, and the paths and ports of a few XAddrs


def candidate_urls(target: DeviceTarget, ports: Sequence[int]) -> tuple[str, ...]:
    """Device service URLs to try in order: what is known of the target, then its XAddrs' ports, then the
    ladder."""
    urls: dict[str, None] = {}
    paths = tuple(dict.fromkeys((target.path or DEFAULT_PATH, DEFAULT_PATH)))
    if target.port is not None:
        for path in paths:
            urls.setdefault(_url(target.host, target.port, path, target.secure or target.port in TLS_PORTS))
    here = not target.xaddrs
    for xaddr in target.xaddrs:  # also beside a port: of several only one may be open (agsh/onvif#63)
        parts = _split(xaddr)
        if parts is not None:
            here = here or parts.hostname == target.host.lower()
            secure = parts.scheme == "https"
            port = web_port(parts.port, secure)
            urls.setdefault(_url(target.host, port, parts.path or DEFAULT_PATH, secure))
    # Ports that were named for this very address are the only ones: another port may be another device's (a
    # router's forwards). Ports named for another address are of that other network.
    for port in ports if target.port is None or not here else ():
        urls.setdefault(_url(target.host, port, paths[0], port in TLS_PORTS))
    return tuple(urls)[:MAX_CANDIDATES]


def other_paths(url: str) -> tuple[str, ...]:
    """The same door under the other paths known from the field, where the usual one is not found there."""
    parts = urlsplit(url)
    return tuple(parts._replace(path=path, query="").geturl() for path in ONVIF_PATHS if path != parts.path)


def pin_services(stated: Sequence[StatedService], device_url: str) -> tuple[Service, ...]:
    """The services with their addresses at the host (and scheme) that answered.

    The port is kept where the device names our host; with another host it is a port of that other network, so
    ours is used. Of several addresses in one field the one at our host is taken.
    """
    here = urlsplit(device_url)
    here_host, here_port = here.hostname, here.port
    pinned = []
    for service in stated:
        words = service.xaddr.split()[:8]
        parts = [p for p in (_split(word) for word in words) if p is not None]
        best = next((p for p in parts if p.hostname == here_host), parts[0] if parts else None)
        if best is None:
            continue
        port = here_port
        if best.hostname == here_host and best.scheme == here.scheme:
            port = best.port
        path = (best.path or "/") + (f"?{best.query}" if best.query else "")
        secure = here.scheme == "https"
        url = _url(here_host or "", web_port(port, secure), path, secure)
        pinned.append(Service(service.namespace, url, service.version))
    return tuple(pinned)


def service_url(services: Sequence[Service], namespace: str) -> str | None:
    """The address of a service, found by its full namespace (some firmware lists Media2 first as "media")."""
    wanted = namespace.lower()
    return next((s.xaddr for s in services if s.namespace.lower() == wanted), None)


def at_home(url: str, home: str) -> str:
    """The same path at the scheme and port of the device service that answered."""
    there = urlsplit(home)
    return urlsplit(url)._replace(scheme=there.scheme, netloc=there.netloc).geturl()


def redirect_target(url: str, location: str) -> str | None:
    """Where a redirect leads: only within the device, and never from TLS to clear text; else None."""
    try:
        target = urljoin(url, location)
        here, there = urlsplit(url), urlsplit(target)
        same = there.hostname == here.hostname and there.port != 0
    except ValueError:
        return None
    downgrade = here.scheme == "https" and there.scheme != "https"
    usable = same and not downgrade and there.scheme in ("http", "https") and "@" not in there.netloc
    return target if usable and len(target) <= MAX_URL_CHARS else None


def _url(host: str, port: int, path: str, secure: bool) -> str:
    name = f"[{host}]" if ":" in host else host
    plain = port == web_port(None, secure)
    place = name if plain else f"{name}:{port}"
    return f"http{'s' if secure else ''}://{place}/{path.removeprefix('/')}"


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text.strip())
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if usable and text.isprintable() and len(text) <= MAX_URL_CHARS else None
