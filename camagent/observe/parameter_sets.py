"""Parameter sets as one stream brings them, kept by their numbers: a slice says which one applies. Pure."""

from __future__ import annotations

from camagent.observe.codec.codec import Codec, SetKey, SetKind

MAX_CHANGES = 64  # of one watch: a stream that changes more often has nothing more to tell
MAX_DIFFERENT = 256  # read at all: as many numbers as a PPS can have; bounds what a peer can make us parse


class ParameterSets:
    """The VPS, SPS and PPS of one stream: from its description first, then from its packets."""

    def __init__(self, codec: Codec, described: tuple[bytes, ...] = ()) -> None:
        self.changes: list[tuple[int, bytes]] = []
        """(frame it came with, NAL unit): each different VPS and PPS, each SPS when pictures began to refer
        to it."""
        self.active: bytes | None = None
        """The SPS that the pictures refer to."""
        self._codec = codec
        self._keys: dict[bytes, SetKey | None] = {}
        self._latest: dict[tuple[SetKind, int], bytes] = {}
        self._last_sps: bytes | None = None
        self._in_band: set[bytes] = set()
        self._noted: bytes | None = None
        self._described: bytes | None = None
        for nal in described:
            self._take(nal)
            self._described = self._described or self._last_sps

    def add(self, nal: bytes, row: int) -> None:
        """One that came in band, with the frame of that row."""
        key = self._take(nal)
        if key is None:
            return
        if key.kind is SetKind.SPS:
            self._in_band.add(nal)
        elif len(self.changes) < MAX_CHANGES and all(nal != other for _, other in self.changes):
            self.changes.append((row, nal))

    def refer(self, pps_id: int | None, row: int) -> None:
        """The picture of that row refers to this PPS; where that leads nowhere, the last SPS is meant."""
        pps = None if pps_id is None else self._latest.get((SetKind.PPS, pps_id))
        key = None if pps is None else self._keys.get(pps)
        sps = None if key is None or key.sps_id is None else self._latest.get((SetKind.SPS, key.sps_id))
        self.active = sps or self._last_sps
        if self.active is None or self.active == self._noted or len(self.changes) >= MAX_CHANGES:
            return
        if self.active in self._in_band or self._noted is not None or self.active != self._described:
            self._noted = self.active
            self.changes.append((row, self.active))

    def _take(self, nal: bytes) -> SetKey | None:
        if nal not in self._keys:
            if len(self._keys) >= MAX_DIFFERENT:
                return None
            self._keys[nal] = self._codec.set_key(nal)
        key = self._keys[nal]
        if key is not None:
            self._latest[key.kind, key.set_id] = nal
            if key.kind is SetKind.SPS:
                self._last_sps = nal
        return key
