"""The codecs that we know: for each of `ALL_CODECS` the `CODEC` of the file that bears its name. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from camagent.model.codec_names import ALL_CODECS
from camagent.observe.codec import h265
from camagent.observe.codec.codec import Codec, PictureSource, StreamHeader

CODECS: dict[str, Codec] = {
    names.name: import_module(f"camagent.observe.codec.{names.name}").CODEC for names in ALL_CODECS
}
DECODED = frozenset(name for name, codec in CODECS.items() if codec.decoder is not None)


def codec_of(name: str, donl: bool = False) -> Codec:
    """The codec of that name (`donl`: H.265 with decoding order numbers).

    Raises: KeyError for a codec that we do not know.
    """
    return h265.WITH_DONL if donl and name == h265.CODEC.name else CODECS[name]


def is_sps(name: str, nal: bytes) -> bool:
    """A sequence parameter set (AV1: a sequence header) of the codec of that name; never for an unknown
    codec."""
    codec = CODECS.get(name)
    return codec is not None and codec.is_sps(nal)


def first_header(name: str, nals: Sequence[bytes]) -> StreamHeader | None:
    """What the first of these parameter sets that can be read says of the pictures."""
    codec = CODECS.get(name)
    if codec is None:
        return None
    return next(
        (header for nal in nals if codec.is_sps(nal) and (header := codec.parse_sps(nal)) is not None), None
    )


def decodable_picture(payloads: Sequence[bytes], source: PictureSource) -> bytes | None:
    """The frame as the decoder wants it: a byte stream with its parameter sets in front, or a JPEG file.

    Returns: None where pieces are missing, or the codec is one that nobody decodes here.
    """
    make = CODECS[source.codec].picture
    return None if make is None else make(payloads, source)
