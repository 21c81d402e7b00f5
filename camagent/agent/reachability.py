"""Where a device is asked: as the record and the search tell it; and the cheap question at its ONVIF port."""

from __future__ import annotations

from dataclasses import replace

from camagent.discover.tcp_probe import PortAnswer, TcpPort, ask_onvif
from camagent.model.device import DeviceFacts, DeviceTarget
from camagent.model.fault import Fault
from camagent.model.stream import StreamTarget
from camagent.model.uri import parse_stream_uri
from camagent.run.fleet import Job

CONNECT_S = 3.0
REPLY_S = 3.0
ONVIF_PORT = 80


def job_at(address: str, service_url: str | None = None) -> Job | None:
    """A job for an address as results carry it: a host, or the URI of a camera without ONVIF.

    `service_url`: where its ONVIF answered; the port alone is taken from it, the host stays.
    """
    if "://" in address:
        stream = parse_stream_uri(address)
        return Job(StreamTarget(stream[0])) if stream is not None else None
    service = parse_stream_uri(service_url) if service_url is not None else None
    if service is None:
        return Job(DeviceTarget(address))
    url = service[0]
    target = DeviceTarget(address, url.port, secure=url.scheme == "https")
    return Job(replace(target, path=url.path) if url.path else target)


def tells_less(job: Job, before: Job) -> bool:
    """The search missed it this time, so all it has is the address; what was heard before is better."""
    now, earlier = job.target, before.target
    if not isinstance(now, DeviceTarget) or not isinstance(earlier, DeviceTarget):
        return False
    return (earlier.port is not None and now.port is None) or bool(earlier.xaddrs and not now.xaddrs)


async def onvif_answers(target: DeviceTarget, before: DeviceFacts | Fault | None) -> bool | None:
    """Ask the ONVIF port for the time, without a log-in.

    None: we ourselves could not ask, or did not know where, or it took the call and said nothing (or "busy").

    `before`: the last interrogation, which tells where its service answered.
    """
    port, secure, path = target.port, target.secure, target.path
    if isinstance(before, DeviceFacts):
        parsed = parse_stream_uri(before.service_url)
        if parsed is not None:
            port, secure, path = parsed[0].port, parsed[0].scheme == "https", parsed[0].path or path
    door = TcpPort(target.host, port or ONVIF_PORT, secure, CONNECT_S, REPLY_S)
    reply = (await ask_onvif(door, path)).answer
    if reply in (PortAnswer.ONVIF, PortAnswer.RTSP, PortAnswer.LOGIN, PortAnswer.WEB, PortAnswer.OTHER):
        return True
    return None if reply in (PortAnswer.OURS, PortAnswer.MUTE) or (port is None and before is None) else False
