"""What a run of whole access units shows: kinds of frames, parameter sets and their changes. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from camagent.observe.bitstream import h264 as h264_bitstream
from camagent.observe.bitstream import h265 as h265_bitstream
from camagent.observe.depacketize import h264, h265
from camagent.observe.depacketize.access_unit import annex_b
from camagent.observe.depacketize.peek import B_SLICE, PARAMETER_SET, SECOND_FIELD

MAX_CHANGES = 64  # of parameter sets in one watch; a file that changes more often has nothing more to tell


class NalSequence:
    """Access units of one H.264 or H.265 stream, in order of decoding."""

    def __init__(self, codec: str) -> None:
        self._h265 = codec == "h265"
        self._peek = h265.peek if self._h265 else h264.peek
        self._current: dict[tuple[int, bytes], bytes] = {}
        self._frames = 0
        self._interlaced: h264_bitstream.H264Sps | None = None
        self._open_field: tuple[int | None, bool | None] | None = None
        self.changes: list[tuple[int, bytes]] = []
        """(frame it came with, NAL unit): each parameter set when it first came and when it changed."""
        self.b_slices = False

    def add(self, nals: Sequence[bytes]) -> int:
        """Flags of `peek` for the next access unit."""
        flags = 0
        for nal in nals:
            kind = self._peek(nal)
            flags |= kind
            if kind & PARAMETER_SET:
                self._remember(nal)
        self.b_slices |= bool(flags & B_SLICE)
        if self._interlaced is not None and self._completes_frame(nals, self._interlaced):
            return flags | SECOND_FIELD
        self._frames += 1
        return flags

    def picture(self, nals: Sequence[bytes]) -> bytes:
        """The access unit as a decoder wants it, with the parameter sets that stood when it came in front."""
        own = set(nals)
        return annex_b((*(nal for nal in self._current.values() if nal not in own), *nals))

    def _remember(self, nal: bytes) -> None:
        kind = nal[0] >> 1 if self._h265 else nal[0] & 0x1F
        head = 2 if self._h265 else 1
        has_number_in_front = kind in (h264_bitstream.NAL_PPS, h265_bitstream.NAL_PPS)
        key = kind, nal[head : head + 1] if has_number_in_front else b""
        if self._current.get(key) != nal and len(self.changes) < MAX_CHANGES:
            self._current[key] = nal
            self.changes.append((self._frames, nal))
            if not self._h265 and kind == h264_bitstream.NAL_SPS:
                sps = h264_bitstream.parse_sps(nal)
                self._interlaced = sps if sps is not None and sps.interlaced else None

    def _completes_frame(self, nals: Sequence[bytes], sps: h264_bitstream.H264Sps) -> bool:
        """The fields of one frame have the same frame_num and opposite parity (H.264 7.4.1.2.4)."""
        headers = (h264_bitstream.parse_slice_header(nal, sps) for nal in nals)
        header = next((header for header in headers if header is not None), None)
        if header is None or not header.field:
            self._open_field = None
            return False
        if self._open_field == (header.frame_num, not header.bottom):
            self._open_field = None
            return True
        self._open_field = header.frame_num, header.bottom
        return False
