"""Which parts of an encoder's menu say anything: placeholders, absurd numbers and mirrors are no menu. Pure.

Small cameras print a menu with one row that repeats today's setting, ranges of 0 to 0, or numbers that no
encoder has (25 to 1701606738). None of that says what the camera cannot do, so none of it may condemn one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from camagent.model.device import EncoderOptions, EncoderSettings, Range

Size = tuple[int, int]
MIN_SIDE_PX, MAX_SIDE_PX = 16, 16_384  # the same bounds as the requirement profiles'
MAX_RATE_HZ = 240.0
MAX_GOP_FRAMES = 10_000.0  # several minutes at 25 fps; "smart" codecs go to about 1,000
MAX_BITRATE_BPS = 1e9  # above any network port of a camera
RATE_TOLERANCE = 0.01  # 29.97 is listed as 30
ALIKE_PX = 16  # sides that differ by less, or are turned, are one size: encoders round to macroblocks


def believable(option: EncoderOptions) -> EncoderOptions:
    """The menu without the parts that are no answer; what is left may still offer no choice.

    Among rows that no encoder has a true one may be garbled: such a menu is not whole. 0 is "not set".
    """
    sides, rates = chain.from_iterable(option.resolutions), option.frame_rates_hz
    absurd = any(side > MAX_SIDE_PX for side in sides) or any(rate > MAX_RATE_HZ for rate in rates)
    return replace(
        option,
        is_whole=option.is_whole and not absurd,
        resolutions=tuple(
            size for size in option.resolutions if all(MIN_SIDE_PX <= s <= MAX_SIDE_PX for s in size)
        ),
        frame_rates_hz=tuple(rate for rate in option.frame_rates_hz if 0 < rate <= MAX_RATE_HZ),
        frame_rate_range_hz=_stated(option.frame_rate_range_hz, MAX_RATE_HZ),
        gop_range_frames=_stated(option.gop_range_frames, MAX_GOP_FRAMES),
        bitrate_range_bps=_stated(option.bitrate_range_bps, MAX_BITRATE_BPS),
    )


def _stated(span: Range | None, most: float) -> Range | None:
    """None for 0 to 0 ("not set"), and where an end is beyond what an encoder has."""
    if span is None or span.high <= 0 or span.low < 0 or span.low > span.high or span.high > most:
        return None
    return span


def sizes_differ(sizes: Sequence[Size]) -> bool:
    """A choice is offered: two sizes that are neither the same turned nor the same rounded."""
    sides = [(min(size), max(size)) for size in sizes]
    first = sides[0] if sides else (0, 0)
    return any(abs(low - first[0]) > ALIKE_PX or abs(high - first[1]) > ALIKE_PX for low, high in sides)


def rates_differ(rates: Sequence[float]) -> bool:
    """The same for frame rates."""
    return bool(rates) and max(rates) > min(rates) * (1 + RATE_TOLERANCE)


def sizes_deny(option: EncoderOptions, now: EncoderSettings) -> bool:
    """The list of sizes may be believed in what it leaves out: it is whole, offers a choice, and today's size
    is in it."""
    if not option.is_whole or not sizes_differ(option.resolutions):
        return False
    return option.codec != now.codec or (now.width_px, now.height_px) in option.resolutions


def rates_deny(option: EncoderOptions, now: EncoderSettings) -> bool:
    """The same for frame rates."""
    rates, span, today = option.frame_rates_hz, option.frame_rate_range_hz, now.frame_rate_hz
    same_codec = option.codec == now.codec
    if not option.is_whole:
        return False
    if rates:
        return rates_differ(rates) and (not same_codec or _listed(today, rates))
    if span is None or not rates_differ((span.low, span.high)):
        return False
    return not same_codec or (
        today is not None and span.low <= today * (1 + RATE_TOLERANCE) and today <= span.high
    )


def _listed(rate: float | None, rates: Sequence[float]) -> bool:
    return rate is not None and any(abs(rate - listed) <= RATE_TOLERANCE * listed for listed in rates)


def gops_deny(option: EncoderOptions) -> bool:
    """The same for the length of a group of pictures."""
    span = option.gop_range_frames
    return option.is_whole and span is not None and span.low < span.high
