"""What the parameter sets, slice headers and SEI messages of H.264 say. Pure; any bytes give a value or
None."""

from __future__ import annotations

from dataclasses import dataclass

from camagent.observe.codec.bits import MAX_SIDE_PX, BitReader, BitstreamError, claimed_rate_hz, unescape
from camagent.observe.codec.video_usability import vui_range

NAL_SLICE, NAL_PARTITION_A, NAL_IDR, NAL_SEI, NAL_SPS, NAL_PPS, NAL_AUD = 1, 2, 5, 6, 7, 8, 9

CHROMA_NAMES = ("4:0:0", "4:2:0", "4:2:2", "4:4:4")
_CHROMA_STEPS = (
    (1, 1),
    (2, 2),
    (2, 1),
    (1, 1),
)  # luma samples per chroma sample, across and down (Table 6-1)
_HIGH_PROFILES = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128, 134, 135, 138, 139, 144))
_PROFILE_NAMES = {
    44: "CAVLC 4:4:4",
    66: "Baseline",
    77: "Main",
    88: "Extended",
    100: "High",
    110: "High 10",
    118: "Multiview High",
    122: "High 4:2:2",
    128: "Stereo High",
    144: "High 4:4:4",
    244: "High 4:4:4 Predictive",
}
_INTRA_NAMES = {110: "High 10 Intra", 122: "High 4:2:2 Intra", 244: "High 4:4:4 Intra"}
SEI_RECOVERY_POINT = 6  # the same number in H.264 (D.1) and H.265 (D.2)


@dataclass(frozen=True, slots=True)
class H264Sps:
    """A sequence parameter set: what the stream claims to be."""

    sps_id: int
    profile_idc: int
    codec_profile: str | None
    """FFmpeg's name; None for a profile_idc that has none."""
    codec_level: str
    """As written: "4.0"; "1b" where it is that."""
    width_px: int
    """Cropped display size."""
    height_px: int
    coded_width_px: int
    coded_height_px: int
    chroma: str
    bit_depth: int
    interlaced: bool
    """Pictures may be coded as fields (frame_mbs_only_flag is 0); says nothing about any one picture."""
    log2_max_frame_num: int
    log2_max_poc_lsb: int | None
    """None where the order of presentation is not sent by picture (pic_order_cnt_type 1 and 2)."""
    separate_colour_planes: bool
    full_range: bool | None
    frame_rate_hz: float | None
    """VUI timing: a claim, often wrong."""
    fixed_frame_rate: bool | None
    max_num_reorder: int | None
    """Frames that may be shown later than decoded; above 0 the stream may hold B-frames."""


@dataclass(frozen=True, slots=True)
class H264SliceHeader:
    """The beginning of a slice header."""

    slice_type: str
    """One of "P", "B", "I", "SP" or "SI"."""
    pps_id: int
    reference: bool
    """Other pictures may refer to this one (nal_ref_idc above 0)."""
    frame_num: int | None = None
    """None where the SPS was not given."""
    field: bool | None = None
    """One field of a frame (PAFF); None where the SPS was not given."""
    bottom: bool | None = None
    poc_lsb: int | None = None
    """Low bits of the place in presentation; None where the stream does not send it."""


@dataclass(frozen=True, slots=True)
class _Size:
    width_px: int
    height_px: int
    coded_width_px: int
    coded_height_px: int
    interlaced: bool


@dataclass(frozen=True, slots=True)
class _H264Vui:
    full_range: bool | None = None
    frame_rate_hz: float | None = None
    fixed_frame_rate: bool | None = None
    max_num_reorder: int | None = None


def parse_sps(nal: bytes) -> H264Sps | None:
    """Read a sequence parameter set, its NAL header first.

    Bytes after its end are ignored (scottlamb/retina#102); a VUI that overruns is unknown, the rest still
    counts.
    """
    if len(nal) < 4 or nal[0] & 0x9F != NAL_SPS:
        return None
    bits = BitReader(unescape(nal)[1:])
    try:
        return _sps(bits)
    except BitstreamError:
        return None


def parse_pps(nal: bytes) -> tuple[int, int] | None:
    """The number of a picture parameter set and that of the SPS it refers to; None if it is none."""
    if len(nal) < 2 or nal[0] & 0x9F != NAL_PPS:
        return None
    bits = BitReader(unescape(nal[:16])[1:])
    try:
        return bits.ue_at_most(255), bits.ue_at_most(31)
    except BitstreamError:
        return None


def _sps(bits: BitReader) -> H264Sps:
    profile_idc, constraints, level_idc = bits.u(8), bits.u(8), bits.u(8)
    sps_id = bits.ue_at_most(31)
    chroma_format, separate_planes, bit_depth = 1, False, 8
    if profile_idc in _HIGH_PROFILES:
        chroma_format = bits.ue_at_most(3)
        separate_planes = bits.flag() if chroma_format == 3 else False
        bit_depth = 8 + bits.ue_at_most(6)
        bits.ue_at_most(6)  # bit_depth_chroma_minus8
        bits.skip(1)
        if bits.flag():
            _skip_scaling_lists(bits, 8 if chroma_format != 3 else 12)
    log2_max_frame_num = 4 + bits.ue_at_most(12)
    log2_max_poc_lsb = _picture_order(bits)
    bits.ue_at_most(16)  # max_num_ref_frames
    bits.skip(1)
    size = _size(bits, _CHROMA_STEPS[0 if separate_planes else chroma_format])
    vui = _vui_or_unknown(bits)
    return H264Sps(
        sps_id=sps_id,
        profile_idc=profile_idc,
        codec_profile=_profile_name(profile_idc, constraints),
        codec_level=_level_name(profile_idc, constraints, level_idc),
        width_px=size.width_px,
        height_px=size.height_px,
        coded_width_px=size.coded_width_px,
        coded_height_px=size.coded_height_px,
        chroma=CHROMA_NAMES[chroma_format],
        bit_depth=bit_depth,
        interlaced=size.interlaced,
        log2_max_frame_num=log2_max_frame_num,
        log2_max_poc_lsb=log2_max_poc_lsb,
        separate_colour_planes=separate_planes,
        full_range=vui.full_range,
        frame_rate_hz=vui.frame_rate_hz,
        fixed_frame_rate=vui.fixed_frame_rate,
        max_num_reorder=vui.max_num_reorder,
    )


def _profile_name(profile_idc: int, constraints: int) -> str | None:
    if profile_idc == 66 and constraints & 0x40:
        return "Constrained Baseline"
    if constraints & 0x10 and profile_idc in _INTRA_NAMES:
        return _INTRA_NAMES[profile_idc]
    return _PROFILE_NAMES.get(profile_idc)


def _level_name(profile_idc: int, constraints: int, level_idc: int) -> str:
    if level_idc == 9 or (level_idc == 11 and constraints & 0x10 and profile_idc in (66, 77, 88)):
        return "1b"
    return f"{level_idc // 10}.{level_idc % 10}"


def _skip_scaling_lists(bits: BitReader, lists: int) -> None:
    for index in range(lists):
        if not bits.flag():
            continue
        last, following = 8, 8
        for _ in range(16 if index < 6 else 64):
            if following:
                following = (last + bits.se()) % 256
            last = following or last


def _picture_order(bits: BitReader) -> int | None:
    order_type = bits.ue_at_most(2)
    if order_type == 0:
        return 4 + bits.ue_at_most(12)
    if order_type == 1:
        bits.skip(1)
        bits.se()
        bits.se()
        for _ in range(bits.ue_at_most(255)):
            bits.se()
    return None


def _size(bits: BitReader, chroma_step: tuple[int, int]) -> _Size:
    width_mbs, height_map_units = 1 + bits.ue(), 1 + bits.ue()
    interlaced = not bits.flag()
    if interlaced:
        bits.skip(1)
    rows_per_unit = 2 if interlaced else 1
    coded_width, coded_height = 16 * width_mbs, 16 * height_map_units * rows_per_unit
    if max(coded_width, coded_height) > MAX_SIDE_PX:
        raise BitstreamError("picture too large")
    bits.skip(1)
    if not bits.flag():
        return _Size(coded_width, coded_height, coded_width, coded_height, interlaced)
    left, right, top, bottom = (bits.ue() for _ in range(4))
    width = coded_width - chroma_step[0] * (left + right)
    height = coded_height - chroma_step[1] * rows_per_unit * (top + bottom)
    if width <= 0 or height <= 0:  # decoders ignore a crop that leaves nothing
        width, height = coded_width, coded_height
    return _Size(width, height, coded_width, coded_height, interlaced)


def _vui_or_unknown(bits: BitReader) -> _H264Vui:
    try:
        return _vui(bits) if bits.flag() else _H264Vui()
    except BitstreamError:
        return _H264Vui()


def _vui(bits: BitReader) -> _H264Vui:
    full_range = vui_range(bits)
    frame_rate_hz, fixed = None, None
    if bits.flag():
        units_in_tick, time_scale = bits.u(32), bits.u(32)
        frame_rate_hz = claimed_rate_hz(time_scale, 2 * units_in_tick)
        fixed = bits.flag()
    vui = _H264Vui(full_range, frame_rate_hz, fixed)
    try:
        return _H264Vui(full_range, frame_rate_hz, fixed, _reorder_limit(bits))
    except BitstreamError:
        return vui


def _reorder_limit(bits: BitReader) -> int | None:
    hrd = False
    for _ in range(2):  # NAL HRD, VCL HRD
        if bits.flag():
            _skip_hrd(bits)
            hrd = True
    if hrd:
        bits.skip(1)
    bits.skip(1)
    if not bits.flag():
        return None
    bits.skip(1)
    for _ in range(4):
        bits.ue()
    return bits.ue_at_most(16)


def _skip_hrd(bits: BitReader) -> None:
    count = 1 + bits.ue_at_most(31)
    bits.skip(8)
    for _ in range(count):
        bits.ue()
        bits.ue()
        bits.skip(1)
    bits.skip(20)


def parse_slice_header(nal: bytes, sps: H264Sps | None = None) -> H264SliceHeader | None:
    """Read the beginning of a slice header, its NAL header first; with the SPS also frame_num and which field
    it is."""
    if not nal or nal[0] & 0x1F not in (NAL_SLICE, NAL_PARTITION_A, NAL_IDR):
        return None
    bits = BitReader(unescape(nal[:64])[1:])  # ue, ue, ue and frame_num end long before 64 bytes
    try:
        bits.ue()
        kind, pps_id = bits.ue_at_most(9), bits.ue_at_most(255)
        name, reference = ("P", "B", "I", "SP", "SI")[kind % 5], bool(nal[0] & 0x60)
        if sps is None:
            return H264SliceHeader(name, pps_id, reference)
        if sps.separate_colour_planes:
            bits.skip(2)
        frame_num = bits.u(sps.log2_max_frame_num)
        field = sps.interlaced and bits.flag()
        bottom = field and bits.flag()
        if nal[0] & 0x1F == NAL_IDR:
            bits.ue()
        poc_lsb = None if sps.log2_max_poc_lsb is None else bits.u(sps.log2_max_poc_lsb)
        return H264SliceHeader(name, pps_id, reference, frame_num, field, bottom, poc_lsb)
    except BitstreamError:
        return None


def recovery_frame_count(nal: bytes) -> int | None:
    """recovery_frame_cnt of the recovery point SEI message in this SEI NAL unit; None where it holds none."""
    if len(nal) < 3 or nal[0] & 0x9F != NAL_SEI:
        return None
    payload = recovery_message(unescape(nal)[1:])
    if payload is None:
        return None
    try:
        return BitReader(payload).ue()
    except BitstreamError:
        return None


def recovery_message(rbsp: bytes) -> bytes | None:
    """The first SEI message that is one; messages have the same frame in H.264 and H.265."""
    position = 0
    while position + 2 <= len(rbsp):
        kind, position = _sei_number(rbsp, position)
        size, position = _sei_number(rbsp, position)
        if kind == SEI_RECOVERY_POINT:
            return rbsp[position : position + size]
        position += size
    return None


def _sei_number(rbsp: bytes, position: int) -> tuple[int, int]:
    value = 0
    while position < len(rbsp) and rbsp[position] == 0xFF:
        value, position = value + 255, position + 1
    return (value + rbsp[position], position + 1) if position < len(rbsp) else (value, position)
