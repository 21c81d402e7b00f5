"""WS-Discovery of a simulated school: Probes on loopback are answered from each camera's own address."""

from __future__ import annotations

import asyncio
import random
import socket
import uuid
from collections.abc import Sequence
from xml.sax.saxutils import escape

from lxml import etree

from camagent.model.onvif import (
    DEVICE_NS,
    DISCOVERY_ADDRESSING_NS,
    DISCOVERY_NS,
    DISCOVERY_PORT,
    DISCOVERY_TO,
    GROUP_V4,
    NETWORK_NS,
    SOAP_NS,
)
from camagent.platform.sockets import bind_group, join_v4, send_multicast_from, unwatch, watch
from camagent.simulator.onvif_device import scopes, xaddr
from camagent.simulator.simulated_camera import SimulatedCamera

LOOPBACK = "127.0.0.1"
MAX_PROBE_BYTES = 8192  # a Probe is about one kilobyte
# WS-Discovery's APP_MAX_DELAY is 0.5 s: answers are spread so that they do not drown each other
MAX_DELAY_S = 0.4
_TYPES = ("NetworkVideoTransmitter", "Device")
_HEADER = (
    f'<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope xmlns:s="{SOAP_NS}"'
    f' xmlns:a="{DISCOVERY_ADDRESSING_NS}" xmlns:d="{{discovery}}"'
    f' xmlns:dn="{NETWORK_NS}" xmlns:tds="{DEVICE_NS}">'
    "<s:Header><a:MessageID>urn:uuid:{message_id}</a:MessageID>{relates}<a:To>{to}</a:To>"
    "<a:Action>{discovery}/{action}</a:Action></s:Header><s:Body>"
)
_ANONYMOUS = f"{DISCOVERY_ADDRESSING_NS}/role/anonymous"


class DiscoveryResponder:
    """All discoverable cameras of one school; needs no root on loopback."""

    def __init__(self, cameras: Sequence[SimulatedCamera]) -> None:
        self._cameras = [camera for camera in cameras if camera.alive and camera.discoverable]
        self._own: dict[str, socket.socket] = {}
        self._sockets: list[socket.socket] = []
        self._chance = random.Random(3702)
        self._timers: set[asyncio.TimerHandle] = set()

    def start(self) -> None:
        """Listen and say Hello.

        Raises: OSError where port 3702 cannot be bound at an address.
        """
        group = self._bound(GROUP_V4)
        join_v4(group, GROUP_V4, LOOPBACK, 0)
        watch(group, self._receive, group, tuple(self._cameras))
        for camera in self._cameras:
            own = self._own[camera.address] = self._bound(camera.address)
            send_multicast_from(own, LOOPBACK, 0)
            own.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
            watch(own, self._receive, own, (camera,))
            self._send(own, announcement(camera, "Hello"), (GROUP_V4, DISCOVERY_PORT))

    def close(self) -> None:
        """Say Bye and stop."""
        for timer in self._timers:
            timer.cancel()
        for camera in self._cameras:
            if camera.address in self._own:
                self._send(self._own[camera.address], announcement(camera, "Bye"), (GROUP_V4, DISCOVERY_PORT))
        for bound in self._sockets:
            unwatch(bound)
            bound.close()
        self._sockets.clear()

    def _bound(self, address: str) -> socket.socket:
        bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sockets.append(bound)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setblocking(False)
        if address == GROUP_V4:
            bind_group(bound, address, DISCOVERY_PORT)
        else:
            bound.bind((address, DISCOVERY_PORT))
        return bound

    def _receive(self, at: socket.socket, cameras: Sequence[SimulatedCamera]) -> None:
        try:
            probe, sender = at.recvfrom(MAX_PROBE_BYTES)
        except OSError:
            return  # an ICMP error of an earlier answer; nothing was asked
        wanted = parse_probe(probe)
        if wanted is None:
            return
        loop = asyncio.get_running_loop()
        self._timers = {
            timer for timer in self._timers if timer.when() > loop.time() and not timer.cancelled()
        }
        for camera in cameras:
            answer = probe_match(camera, *wanted)
            delay_s = self._chance.random() * MAX_DELAY_S
            self._timers.add(loop.call_later(delay_s, self._send, self._own[camera.address], answer, sender))

    @staticmethod
    def _send(own: socket.socket, text: str, to: tuple[str, int]) -> None:
        try:
            own.sendto(text.encode(), to)
        except OSError:
            return  # a datagram that cannot leave is a lost one; the prober repeats


def parse_probe(datagram: bytes) -> tuple[str, str] | None:
    """(MessageID, discovery namespace) of a Probe that a camera answers; None for anything else."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(datagram, parser)
    except etree.XMLSyntaxError:
        return None
    probes = root.xpath("//*[local-name()='Body']/*[local-name()='Probe']")
    ids = root.xpath("//*[local-name()='MessageID']/text()")
    if not probes or not ids:
        return None
    types = " ".join(probes[0].xpath("*[local-name()='Types']//text()")).split()
    if types and not any(name.rpartition(":")[2] in _TYPES for name in types):
        return None
    return str(ids[0]).strip(), etree.QName(probes[0]).namespace or DISCOVERY_NS


def probe_match(camera: SimulatedCamera, message_id: str, namespace: str = DISCOVERY_NS) -> str:
    """The ProbeMatches datagram of one camera."""
    relates = f"<a:RelatesTo>{escape(message_id)}</a:RelatesTo>"
    head = _head(namespace, relates, _ANONYMOUS, "ProbeMatches")
    return (
        f"{head}<d:ProbeMatches><d:ProbeMatch>{_self(camera)}</d:ProbeMatch></d:ProbeMatches></s:Body>"
        "</s:Envelope>"
    )


def announcement(camera: SimulatedCamera, kind: str) -> str:
    """Hello or Bye of one camera."""
    head = _head(DISCOVERY_NS, "", DISCOVERY_TO, kind)
    return f"{head}<d:{kind}>{_self(camera)}</d:{kind}></s:Body></s:Envelope>"


def _head(namespace: str, relates: str, to: str, action: str) -> str:
    return _HEADER.format(
        discovery=escape(namespace), message_id=uuid.uuid4(), relates=relates, to=to, action=action
    )


def _self(camera: SimulatedCamera) -> str:
    return (
        f"<a:EndpointReference><a:Address>{camera.endpoint}</a:Address></a:EndpointReference>"
        "<d:Types>dn:NetworkVideoTransmitter tds:Device</d:Types>"
        f"<d:Scopes>{escape(' '.join(scopes(camera)))}</d:Scopes>"
        f"<d:XAddrs>{escape(xaddr(camera, 'tds'))}</d:XAddrs><d:MetadataVersion>1</d:MetadataVersion>"
    )
