"""Runs simulated cameras: ONVIF, WS-Discovery and RTSP servers of a whole school in one event loop."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

from camagent.model.operator_error import OperatorError
from camagent.model.text import Message, message, os_reason
from camagent.platform.names import Claim, claim
from camagent.simulator.bursts import BurstMaker, PacketizedClip, RtpIdentity, packetized
from camagent.simulator.clips import load_clip
from camagent.simulator.describe import Description
from camagent.simulator.live_clip import LiveSource
from camagent.simulator.onvif_recording import replay_path
from camagent.simulator.onvif_server import OnvifServer
from camagent.simulator.probe_answers import DiscoveryResponder
from camagent.simulator.rtsp_server import RtspServer
from camagent.simulator.rtsp_shared import Mount, RtspSettings
from camagent.simulator.simulated_camera import SimulatedCamera, SimulatedStream


def not_listening(place: str, error: OSError) -> OperatorError:
    """The exception for a place where the operating system does not let us listen."""
    return not_opened(message("simulator.not_listening", place=place, reason=os_reason(error)))


def not_opened(what: Message) -> OperatorError:
    """A port or an address of the simulated school is taken; `what` says which, and why."""
    return OperatorError(message("simulator.not_opened", what=what))


@dataclass(frozen=True, slots=True)
class RunningCamera:
    """One camera as it really stands: its ports are the true ones where 0 was asked for."""

    camera: SimulatedCamera
    onvif: OnvifServer | None
    """None: the camera is dead."""
    rtsp: RtspServer | None

    async def die(self) -> None:
        """Stop answering, as when the cable is pulled."""
        if self.onvif is not None:
            await self.onvif.close()
        if self.rtsp is not None:
            await self.rtsp.close()


@dataclass(frozen=True, slots=True)
class SimulatedSchool:
    """The running school."""

    running: tuple[RunningCamera, ...]

    @property
    def cameras(self) -> tuple[SimulatedCamera, ...]:
        """Every camera, the dead ones too, with true ports."""
        return tuple(entry.camera for entry in self.running)

    @property
    def max_lag_s(self) -> float:
        """How late a frame was sent at worst."""
        servers = (entry.rtsp for entry in self.running if entry.rtsp)
        mounts = chain.from_iterable(server.mounts.values() for server in servers)
        return max((mount.source.max_lag_s for mount in mounts), default=0.0)


@asynccontextmanager
async def open_school(
    cameras: Sequence[SimulatedCamera], *, discovery: bool = True
) -> AsyncIterator[SimulatedSchool]:
    """Start every camera that is alive, and stop all at the end.

    Raises: OperatorError where an address or port is taken.
    """
    running: list[RunningCamera] = []
    responder: DiscoveryResponder | None = None
    claims = _claim([camera.address for camera in cameras]) if discovery else []
    try:
        for camera in cameras:
            running.append(await _open_camera(camera))
        if discovery:
            responder = DiscoveryResponder([entry.camera for entry in running])
            _start_discovery(responder)
        yield SimulatedSchool(tuple(running))
    finally:
        if responder is not None:
            responder.close()
        for entry in running:
            await entry.die()
        for held in claims:
            held.close()


def _claim(addresses: Sequence[str]) -> list[Claim]:
    """Hold these addresses against every other school of this machine.

    The WS-Discovery port can be shared, so two schools on one address would both answer, each for the other's
    log-in.
    """
    claims: list[Claim] = []
    for address in addresses:
        try:
            claims.append(claim(f"camagent-simulator/{address}"))
        except OSError as error:
            for held in claims:
                held.close()
            raise not_opened(message("simulator.claimed", address=address)) from error
    return claims


def _start_discovery(responder: DiscoveryResponder) -> None:
    try:
        responder.start()
    except OSError as error:
        raise not_listening("WS-Discovery 3702/udp", error) from error


async def _open_camera(camera: SimulatedCamera) -> RunningCamera:
    if not camera.alive:
        return RunningCamera(camera, None, None)
    mounts = {stream.path: _mount(camera, stream) for stream in (*camera.streams, *_replayed(camera))}
    settings = RtspSettings(
        camera.address, camera.rtsp_port, camera.door, clock_offset_s=camera.clock_offset_s
    )
    rtsp = RtspServer(settings, mounts)
    try:
        await rtsp.start()
    except OSError as error:
        raise not_listening(f"RTSP {camera.address}:{camera.rtsp_port}", error) from error
    onvif = OnvifServer(replace(camera, rtsp_port=rtsp.port), partial(_follow, rtsp))
    try:
        await onvif.start()
    except OSError as error:
        await rtsp.close()
        raise not_listening(f"HTTP {camera.address}:{camera.http_port}", error) from error
    http_port, https_port = onvif.ports
    onvif.camera = replace(onvif.camera, http_port=http_port, https_port=https_port)
    return RunningCamera(onvif.camera, onvif, rtsp)


def _replayed(camera: SimulatedCamera) -> Iterator[SimulatedStream]:
    """What can be played of the recordings: the main stream of their channel, where something is kept."""
    mains = {stream.channel: stream for stream in reversed(camera.streams)}
    for kept in camera.kept:
        if kept.spans_h:
            yield replace(mains[kept.channel], path=replay_path(kept))


def _follow(rtsp: RtspServer, before: SimulatedCamera, after: SimulatedCamera) -> None:
    """Let the RTSP side follow what a client has set over ONVIF; who watches a changed stream is dropped, as
    cameras do."""
    rtsp.keeper.door = after.door
    rtsp.settings = replace(rtsp.settings, door=after.door, clock_offset_s=after.clock_offset_s)
    for old, new in zip(before.streams, after.streams, strict=True):
        if old is new:
            continue
        gone = rtsp.mounts[old.path]
        rtsp.mounts[new.path] = _mount(after, new)
        for connection in tuple(rtsp.connections):
            if connection.mount is gone:
                connection.drop()


def _mount(camera: SimulatedCamera, stream: SimulatedStream) -> Mount:
    seed = zlib.crc32(f"{camera.serial}{stream.path}".encode())
    identity = RtpIdentity(seed, seed >> 7 & 0xFFFF, seed * 2_654_435_761 & 0xFFFFFFFF)
    source = LiveSource(BurstMaker(_packets(stream), identity), start_frame=seed % 50)
    description = Description(
        load_clip(stream.described_as or stream.clip_name),
        parameter_sets=stream.parameter_sets_in_sdp,
        frame_rate_hz=stream.claim.frame_rate_hz,
        other_tracks=stream.other_tracks,
    )
    return Mount(source, description, stream.faults)


def _packets(stream: SimulatedStream) -> PacketizedClip:
    """The stream's packets, played at the rate that it is set to."""
    packets = packetized(stream.clip_name)
    if stream.frame_rate_hz is None:
        return packets
    return replace(packets, clip=replace(packets.clip, frame_rate_hz=stream.frame_rate_hz))
