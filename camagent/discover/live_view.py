"""What a search has found so far, for whoever looks on; what it says at its end counts.

Each datagram is read once more here, so a flood costs twice and no more.
"""

from __future__ import annotations

from collections.abc import Callable

from camagent.discover.multicast import MAX_PER_SOURCE
from camagent.discover.sightings import read_datagrams
from camagent.discover.sweep import Sweep
from camagent.discover.tcp_probe import PortAnswer
from camagent.model.device import DeviceTarget
from camagent.model.discovery import FoundBy, RtspOnly, Sighting
from camagent.model.onvif import ONVIF_PATHS, TLS_PORTS

SearchOutcome = Callable[[tuple[Sighting | RtspOnly, ...]], None]
MAX_SHOWN = MAX_PER_SOURCE  # devices that are told of while the search runs; more is a flood


class LiveView:
    """Remembers what it has told, so that every device is told of once."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self._read = 0
        self._hosts: set[str] = set()

    def fresh(self) -> tuple[Sighting | RtspOnly, ...]:
        """Devices that answered since the last call, by the first thing that they said."""
        answers = [*self._announced(), *self._by_open_ports()]
        fresh = []
        for one in answers:
            host = one.target.host if isinstance(one, Sighting) else one.host
            if host not in self._hosts and len(self._hosts) < MAX_SHOWN:
                self._hosts.add(host)
                fresh.append(one)
        return tuple(fresh)

    def _announced(self) -> tuple[Sighting, ...]:
        queue = self._sweep.queue
        fresh = queue.datagrams[self._read :]
        self._read += len(fresh)
        return read_datagrams(fresh, queue.sent, self._sweep.plan.interfaces).sightings

    def _by_open_ports(self) -> list[Sighting | RtspOnly]:
        devices: list[Sighting | RtspOnly] = []
        for trial in self._sweep.tried_ports.answers.values():
            if trial.answer is PortAnswer.ONVIF:
                path = trial.path or ONVIF_PATHS[0]
                target = DeviceTarget(trial.host, trial.port, path, secure=trial.port in TLS_PORTS)
                devices.append(Sighting(target, (FoundBy.HTTP,)))
            elif trial.answer is PortAnswer.RTSP:
                devices.append(RtspOnly(trial.host, (trial.port,), trial.server))
        return devices
