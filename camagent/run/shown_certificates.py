"""The certificates that devices showed in one run, by web and RTSP ports. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from camagent.model.device import DeviceFacts, TlsFacts
from camagent.model.earlier_runs import Pins, pin_place
from camagent.model.stream import StreamFacts, StreamTarget
from camagent.run.range_logins import host_of_target
from camagent.run.visit import DeviceCheck


def handshakes(checks: Sequence[DeviceCheck]) -> list[tuple[str, TlsFacts]]:
    """Address and what its HTTPS port showed."""
    return [
        (host_of_target(check.target), check.device.tls)
        for check in checks
        if isinstance(check.device, DeviceFacts) and isinstance(check.device.tls, TlsFacts)
    ]


def certificates(checks: Sequence[DeviceCheck]) -> Iterator[tuple[str, str]]:
    """(place, fingerprint) of every certificate that was shown, by web and RTSP ports."""
    for address, tls in handshakes(checks):
        yield pin_place(address, tls.port), tls.fingerprint_sha256
    for check in checks:
        for source in check.sources:
            yield from stream_certificates(source.streams)


def stream_certificates(streams: Sequence[StreamFacts]) -> Iterator[tuple[str, str]]:
    """The same of streams."""
    for stream in streams:
        if isinstance(stream.target, StreamTarget) and stream.access and stream.access.tls_fingerprint_sha256:
            uri = stream.target.uri
            yield pin_place(uri.host, uri.port), stream.access.tls_fingerprint_sha256


def stream_certificate_changed(streams: Sequence[StreamFacts], pins: Pins) -> bool:
    """One of these streams' ports shows another certificate than in earlier runs."""
    expected, shown = dict(pins), stream_certificates(streams)
    return any(expected.get(place, fingerprint) != fingerprint for place, fingerprint in shown)
