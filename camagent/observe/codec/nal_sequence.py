"""What a run of whole access units shows: kinds of frames, parameter sets and their changes. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from camagent.model.codec_names import H265
from camagent.observe.codec import h264, h265
from camagent.observe.codec import h264_headers as h264_bitstream
from camagent.observe.codec import h265_headers as h265_bitstream
from camagent.observe.codec.access_unit import annex_b
from camagent.observe.codec.payload_flags import B_SLICE, IRAP, PARAMETER_SET, SECOND_FIELD

MAX_CHANGES = 64  # of parameter sets in one watch; a file that changes more often has nothing more to tell


class PictureOrder:
    """Places in presentation of H.264 pictures that carry them (pic_order_cnt_type 0)."""

    def __init__(self) -> None:
        self._start = 0
        """Place of the last IDR picture."""
        self._reference = 0
        """Behind that, the last picture that others refer to: low bits are counted from it."""
        self._end = 0

    def place(self, header: h264_bitstream.H264SliceHeader, poc_bits: int, idr: bool) -> int | None:
        """Where the next frame in order of decoding is shown, counted on over IDR pictures (8.2.1.1)."""
        if header.poc_lsb is None:
            return None
        if idr:
            self._start, self._reference = self._end, 0
        half = 1 << (poc_bits - 1)
        step = (header.poc_lsb - self._reference + half - 1) % (2 * half) - half + 1
        poc = self._reference + step
        if header.reference:
            self._reference = poc
        self._end = max(self._end, self._start + poc + 1)
        return self._start + poc


class NalSequence:
    """Access units of one H.264 or H.265 stream, in order of decoding."""

    def __init__(self, codec: str, sets: Sequence[bytes] = ()) -> None:
        """`sets`: parameter sets that a container keeps apart, so that they count from the first frame on."""
        self._h265 = codec == H265.name
        self._peek = h265.peek if self._h265 else h264.peek
        self._current: dict[tuple[int, bytes], bytes] = {}
        self._frames = 0
        self._sps: h264_bitstream.H264Sps | None = None
        self._order = PictureOrder()
        self._open_field: tuple[int | None, bool | None] | None = None
        self.changes: list[tuple[int, bytes]] = []
        """(frame it came with, NAL unit): each parameter set when it first came and when it changed."""
        self.b_slices = False
        self.place: int | None = None
        """Where the last frame added is shown; None where the stream does not send it, and for H.265."""
        for nal in sets:
            if self._peek(nal) & PARAMETER_SET:
                self._remember(nal)

    @property
    def hides_order(self) -> bool:
        """Its slices do not say where their picture is shown, as far as they are read here."""
        return self._h265

    def add(self, nals: Sequence[bytes]) -> int:
        """Flags of `peek` for the next access unit."""
        flags = 0
        for nal in nals:
            kind = self._peek(nal)
            flags |= kind
            if kind & PARAMETER_SET:
                self._remember(nal)
        self.b_slices |= bool(flags & B_SLICE)
        header = self._slice_header(nals)
        if header is not None and self._completes_frame(header):
            return flags | SECOND_FIELD
        self._frames += 1
        self.place = None
        if header is not None and self._sps is not None and self._sps.log2_max_poc_lsb is not None:
            self.place = self._order.place(header, self._sps.log2_max_poc_lsb, bool(flags & IRAP))
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
                self._sps = h264_bitstream.parse_sps(nal)

    def _slice_header(self, nals: Sequence[bytes]) -> h264_bitstream.H264SliceHeader | None:
        if self._sps is None:
            return None
        headers = (h264_bitstream.parse_slice_header(nal, self._sps) for nal in nals)
        return next((header for header in headers if header is not None), None)

    def _completes_frame(self, header: h264_bitstream.H264SliceHeader) -> bool:
        """The fields of one frame have the same frame_num and opposite parity (H.264 7.4.1.2.4)."""
        opened, self._open_field = self._open_field, None
        if not header.field or opened == (header.frame_num, not header.bottom):
            return bool(header.field)
        self._open_field = header.frame_num, header.bottom
        return False
