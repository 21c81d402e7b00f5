"""What the parameter sets and SEI messages of H.265 say. Pure; any bytes give a value or None."""

from __future__ import annotations

from dataclasses import dataclass

from camagent.observe.codec.bits import MAX_SIDE_PX, BitReader, BitstreamError, claimed_rate_hz, unescape
from camagent.observe.codec.h264_headers import CHROMA_NAMES, recovery_message
from camagent.observe.codec.video_usability import vui_range

NAL_RADL_N, NAL_RASL_R = 6, 9
NAL_BLA_W_LP, NAL_LAST_IRAP = 16, 23
NAL_LAST_VCL = 31
NAL_VPS, NAL_SPS, NAL_PPS, NAL_AUD, NAL_PREFIX_SEI = 32, 33, 34, 35, 39

_CHROMA_STEPS = ((1, 1), (2, 2), (2, 1), (1, 1))  # SubWidthC, SubHeightC (Table 6-1)
_PROFILE_NAMES = {
    1: "Main",
    2: "Main 10",
    3: "Main Still Picture",
    4: "Rext",
    6: "Multiview Main",
    9: "Scc",
}


@dataclass(frozen=True, slots=True)
class H265Vps:
    """A video parameter set, as far as it says anything about one picture stream."""

    frame_rate_hz: float | None
    """Its timing, which goes before that of the SPS: a claim."""


@dataclass(frozen=True, slots=True)
class H265Sps:
    """A sequence parameter set: what the stream claims to be."""

    sps_id: int
    profile_idc: int
    codec_profile: str | None
    """FFmpeg's name; None for a profile_idc that has none."""
    codec_level: str
    """As written: "4.0"."""
    high_tier: bool
    width_px: int
    """Cropped by the conformance window."""
    height_px: int
    coded_width_px: int
    coded_height_px: int
    chroma: str
    bit_depth: int
    interlaced: bool
    """The source is interlaced, or every picture is a field (field_seq_flag)."""
    max_num_reorder: int
    """Pictures that may be shown later than decoded; above 0 the stream may hold reordered B pictures."""
    full_range: bool | None
    frame_rate_hz: float | None
    """VUI timing, in frames also where the pictures are fields: a claim, often wrong."""


@dataclass(frozen=True, slots=True)
class _ProfileTierLevel:
    profile_idc: int
    high_tier: bool
    interlaced: bool
    level_idc: int


@dataclass(frozen=True, slots=True)
class _H265Vui:
    full_range: bool | None = None
    fields: bool = False
    frame_rate_hz: float | None = None


def parse_vps(nal: bytes) -> H265Vps | None:
    """Read a video parameter set, its NAL header first."""
    bits = _rbsp(nal, NAL_VPS)
    if bits is None:
        return None
    try:
        bits.skip(12)
        sub_layers = 1 + bits.u(3)
        bits.skip(17)
        _profile_tier_level(bits, sub_layers)
        _reorder_limit(bits, sub_layers)
        layer_ids = 1 + bits.u(6)
        bits.skip(bits.ue_at_most(1023) * layer_ids)
        if not bits.flag():
            return H265Vps(None)
        units_in_tick, time_scale = bits.u(32), bits.u(32)
        return H265Vps(claimed_rate_hz(time_scale, units_in_tick))
    except BitstreamError:
        return None


def parse_sps(nal: bytes) -> H265Sps | None:
    """Read a sequence parameter set, its NAL header first.

    Bytes after its end are ignored; a VUI that overruns is unknown, the rest still counts.
    """
    bits = _rbsp(nal, NAL_SPS)
    if bits is None:
        return None
    try:
        return _sps(bits)
    except BitstreamError:
        return None


def parse_pps(nal: bytes) -> tuple[int, int] | None:
    """The number of a picture parameter set and that of the SPS it refers to; None if it is none."""
    bits = _rbsp(nal[:16], NAL_PPS)
    if bits is None:
        return None
    try:
        return bits.ue_at_most(63), bits.ue_at_most(15)
    except BitstreamError:
        return None


def slice_pps_id(nal: bytes) -> int | None:
    """The PPS that the first slice segment of a picture refers to; None where this is none."""
    if len(nal) < 3 or nal[0] & 0x80 or nal[0] >> 1 > NAL_LAST_VCL or not nal[2] & 0x80:
        return None
    bits = BitReader(unescape(nal[:16])[2:])
    try:
        # with no_output_of_prior_pics_flag
        bits.skip(2 if NAL_BLA_W_LP <= nal[0] >> 1 <= NAL_LAST_IRAP else 1)
        return bits.ue_at_most(63)
    except BitstreamError:
        return None


def recovery_poc_count(nal: bytes) -> int | None:
    """recovery_poc_cnt of the recovery point SEI message in this prefix SEI NAL unit; None where it holds
    none."""
    if len(nal) < 4 or nal[0] >> 1 != NAL_PREFIX_SEI:
        return None
    payload = recovery_message(unescape(nal)[2:])
    if payload is None:
        return None
    try:
        return BitReader(payload).se()
    except BitstreamError:
        return None


def _rbsp(nal: bytes, nal_type: int) -> BitReader | None:
    if len(nal) < 4 or nal[0] >> 1 != nal_type:
        return None
    return BitReader(unescape(nal)[2:])


def _sps(bits: BitReader) -> H265Sps:
    bits.skip(4)
    sub_layers = 1 + bits.u(3)
    bits.skip(1)
    ptl = _profile_tier_level(bits, sub_layers)
    sps_id = bits.ue_at_most(15)
    chroma_format = bits.ue_at_most(3)
    separate_planes = bits.flag() if chroma_format == 3 else False
    coded = bits.ue(), bits.ue()
    if not 0 < min(coded) <= max(coded) <= MAX_SIDE_PX:
        raise BitstreamError("picture too large or empty")
    width, height = _crop(bits, coded, _CHROMA_STEPS[0 if separate_planes else chroma_format])
    bit_depth = 8 + bits.ue_at_most(8)
    bits.ue_at_most(8)  # bit_depth_chroma_minus8
    poc_bits = 4 + bits.ue_at_most(12)
    reorder = _reorder_limit(bits, sub_layers)
    vui = _vui_or_unknown(bits, poc_bits)
    return H265Sps(
        sps_id=sps_id,
        profile_idc=ptl.profile_idc,
        codec_profile=_PROFILE_NAMES.get(ptl.profile_idc),
        codec_level=f"{ptl.level_idc / 30:.1f}",
        high_tier=ptl.high_tier,
        width_px=width,
        height_px=height,
        coded_width_px=coded[0],
        coded_height_px=coded[1],
        chroma=CHROMA_NAMES[chroma_format],
        bit_depth=bit_depth,
        interlaced=ptl.interlaced or vui.fields,
        max_num_reorder=reorder,
        full_range=vui.full_range,
        frame_rate_hz=vui.frame_rate_hz,
    )


def _profile_tier_level(bits: BitReader, sub_layers: int) -> _ProfileTierLevel:
    bits.skip(2)
    high_tier, profile_idc, compatible = bits.flag(), bits.u(5), bits.u(32)
    if profile_idc == 0:  # some encoders set only the compatibility flags, first of them from the left
        profile_idc = next((i for i in range(1, 32) if compatible & (0x80000000 >> i)), 0)
    progressive, interlaced = bits.flag(), bits.flag()
    bits.skip(46)
    level_idc = bits.u(8)
    if sub_layers > 1:
        present = [(bits.flag(), bits.flag()) for _ in range(sub_layers - 1)]
        bits.skip(2 * (9 - sub_layers))
        bits.skip(sum(88 * profile + 8 * level for profile, level in present))
    return _ProfileTierLevel(profile_idc, high_tier, interlaced and not progressive, level_idc)


def _reorder_limit(bits: BitReader, sub_layers: int) -> int:
    reorder = 0
    for _ in range(sub_layers if bits.flag() else 1):
        bits.ue_at_most(15)
        reorder = bits.ue_at_most(15)
        bits.ue()
    return reorder


def _crop(bits: BitReader, coded: tuple[int, int], unit: tuple[int, int]) -> tuple[int, int]:
    if not bits.flag():
        return coded
    left, right, top, bottom = (bits.ue() for _ in range(4))
    width, height = coded[0] - unit[0] * (left + right), coded[1] - unit[1] * (top + bottom)
    # decoders ignore a crop that leaves nothing
    return (width, height) if width > 0 and height > 0 else coded


def _vui_or_unknown(bits: BitReader, poc_bits: int) -> _H265Vui:
    """Everything between the picture's format and the VUI has to be read to find the VUI at all."""
    try:
        for _ in range(6):
            bits.ue()
        if bits.flag() and bits.flag():
            _skip_scaling_lists(bits)
        bits.skip(2)
        if bits.flag():
            bits.skip(8)
            bits.ue()
            bits.ue()
            bits.skip(1)
        _skip_reference_sets(bits)
        if bits.flag():
            bits.skip(bits.ue_at_most(32) * (poc_bits + 1))
        bits.skip(2)
        return _vui(bits) if bits.flag() else _H265Vui()
    except BitstreamError:
        return _H265Vui()


def _skip_scaling_lists(bits: BitReader) -> None:
    for size in range(4):
        for _ in range(0, 6, 3 if size == 3 else 1):
            if not bits.flag():
                bits.ue()
                continue
            if size > 1:
                bits.se()
            for _ in range(min(64, 1 << (4 + (size << 1)))):
                bits.se()


def _skip_reference_sets(bits: BitReader) -> None:
    pictures = 0  # NumDeltaPocs of the set before
    for index in range(bits.ue_at_most(64)):
        if index and bits.flag():
            pictures = _predicted_set(bits, pictures)
            continue
        negative, positive = bits.ue_at_most(16), bits.ue_at_most(16)
        pictures = negative + positive
        for _ in range(pictures):
            bits.ue()
            bits.skip(1)


def _predicted_set(bits: BitReader, reference_pictures: int) -> int:
    bits.skip(1)
    bits.ue()
    pictures = 0
    for _ in range(reference_pictures + 1):
        used = bits.flag()
        if used or bits.flag():  # use_delta_flag, inferred to be 1 where used_by_curr_pic_flag is
            pictures += 1
    if pictures > 32:
        raise BitstreamError("reference set grows without end")
    return pictures


def _vui(bits: BitReader) -> _H265Vui:
    full_range = vui_range(bits)
    bits.skip(1)
    fields = bits.flag()
    bits.skip(1)
    if bits.flag():
        for _ in range(4):
            bits.ue()
    if not bits.flag():
        return _H265Vui(full_range, fields)
    units_in_tick, time_scale = bits.u(32), bits.u(32)
    return _H265Vui(full_range, fields, claimed_rate_hz(time_scale, units_in_tick * (2 if fields else 1)))
