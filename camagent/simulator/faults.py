"""What a simulated camera may be ordered to do wrong: plain values, one field a misbehaviour. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StreamFaults:
    """Misbehaviour of one stream; the default is a faultless server."""

    refuse: tuple[tuple[str, int], ...] = ()
    """(method, status): that method is answered with that status, for example ("SETUP", 453)."""
    refusals: int | None = None
    """How many times in all; None = always."""
    silent_at: str | None = None
    """The method that is never answered; "CONNECT" = not even the first."""
    garbage_at: str | None = None
    """The method that is answered with bytes that are no RTSP."""
    answer_delay_s: float = 0.0
    no_rtp: bool = False
    """PLAY is answered 200 and nothing is ever sent."""
    stall_after_s: float | None = None
    """The stream stops, the connection stays."""
    close_after_s: float | None = None
    """The server closes the connection, this long after PLAY."""
    close_with_reset: bool = False
    """RST in place of FIN."""
    drop_ratio: float = 0.0
    """Share of RTP packets that are left out, chosen by a seeded generator."""
    corrupt_ratio: float = 0.0
    """Share of RTP packets whose payload has bytes overturned behind the payload header."""
    stray_bytes_every_frames: int = 0
    """Bytes that belong to no frame are put into an interleaved connection every so many frames."""
    tcp_refused: bool = False
    """SETUP for interleaved TCP is answered 461."""
    udp_refused: bool = False
    max_sessions: int | None = None
    """SETUP beyond so many sessions is answered 453."""
    max_device_sessions: int | None = None
    """The same, over all streams of the device."""
    frozen_timestamps: bool = False
    """Every RTP time stamp is the same."""


@dataclass(frozen=True, slots=True)
class OnvifFaults:
    """Misbehaviour of the ONVIF services of one device; the default is a faultless device."""

    silent: bool = False
    """Requests are accepted and never answered."""
    answer_delay_s: float = 0.0
    http_status: int | None = None
    """Every request gets this status and a small web page."""
    truncated: bool = False
    """Replies end in the middle, with a Content-Length that fits."""
    not_onvif: bool = False
    """A web page answers at the service's path."""
    missing: tuple[str, ...] = ()
    """Operations answered with ActionNotSupported."""
    stated_host: str | None = None
    """The host that XAddrs and stream URIs name in place of the device's own."""


NO_STREAM_FAULTS = StreamFaults()
NO_ONVIF_FAULTS = OnvifFaults()
