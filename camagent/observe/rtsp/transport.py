"""The Transport header: what we ask for and what the server grants. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interleaved:
    """RTP and RTCP on two channels of the RTSP connection."""

    rtp_channel: int = 0
    rtcp_channel: int = 1

    def header(self) -> str:
        """What SETUP asks for."""
        return f"RTP/AVP/TCP;unicast;interleaved={self.rtp_channel}-{self.rtcp_channel}"


@dataclass(frozen=True, slots=True)
class PortPair:
    """RTP on an even UDP port and RTCP on the next."""

    rtp_port: int
    rtcp_port: int

    def header(self) -> str:
        """What SETUP asks for."""
        return f"RTP/AVP;unicast;client_port={self.rtp_port}-{self.rtcp_port}"


@dataclass(frozen=True, slots=True)
class GrantedTransport:
    """What the server's Transport header says; None where it did not say."""

    tcp: bool | None
    channels: tuple[int, int] | None
    server_ports: tuple[int, int] | None
    multicast: bool

    def fits(self, asked: Interleaved | PortPair) -> bool:
        """The packets will come the way that was asked for, as far as the server says anything of it.

        Inside the connection there is no multicast, whatever is said of it.
        """
        if isinstance(asked, Interleaved):
            return self.tcp is not False
        return self.tcp is not True and not self.multicast


def parse_transport(value: str) -> GrantedTransport:
    """Read a Transport header in any order of parameters, with any white space; unknown parts are left out.

    The SSRC among them is not read: cameras promise another than they send (scottlamb/retina#79).
    """
    first = value.split(",", 1)[0]
    parts = [part.strip() for part in first.split(";")]
    parameters: dict[str, str] = {}
    for part in parts:
        name, _, text = part.partition("=")
        parameters.setdefault(name.strip().lower(), text.strip().strip('"'))
    channels = _pair(parameters.get("interleaved", ""), 255)
    return GrantedTransport(
        tcp=_is_tcp(parts, channels is not None, parameters),
        channels=channels,
        server_ports=_pair(parameters.get("server_port", ""), 65535),
        multicast=parameters.get("multicast") == "" and "unicast" not in parameters,
    )


def _is_tcp(parts: list[str], has_channels: bool, parameters: dict[str, str]) -> bool | None:
    if has_channels or any(part.upper().endswith("/TCP") for part in parts):
        return True
    if any(part.upper().endswith("/UDP") for part in parts) or {"client_port", "port"} & parameters.keys():
        return False
    return None  # "RTP/AVP" alone is written for both


def _pair(text: str, highest: int) -> tuple[int, int] | None:
    """Two numbers "a-b"; one alone stands for itself and its successor."""
    low, _, high = text.partition("-")
    first = _number(low, highest)
    if first is None:
        return None
    second = _number(high, highest)
    return first, second if second is not None else min(first + 1, highest)


def _number(text: str, highest: int) -> int | None:
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        return None
    return int(text) if int(text) <= highest else None
