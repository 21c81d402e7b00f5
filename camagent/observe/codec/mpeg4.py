"""MPEG-4 Part 2 over RTP (RFC 6416): counted and never decoded. Pure."""

from __future__ import annotations

from camagent.model.codec_names import MPEG4
from camagent.observe.codec.codec import Codec, Payload
from camagent.observe.codec.payload_flags import INTER, IRAP, SLICE, START

_VOP_START = b"\x00\x00\x01\xb6"
_SEARCH_BYTES = 512  # VOL and GOV headers before a VOP are under 100 bytes


def _peek(payload: Payload) -> int:
    """There is no packet header: the VOP start code says where a picture begins."""
    at = bytes(payload[:_SEARCH_BYTES]).find(_VOP_START)
    if at < 0 or at + 4 >= len(payload):
        return SLICE
    intra = payload[at + 4] >> 6 == 0
    return START | SLICE | (IRAP if intra else INTER)


def _begins_picture(payload: Payload) -> bool:
    return bool(_peek(payload) & START)


CODEC = Codec(MPEG4, peek=_peek, begins_picture=_begins_picture, pieces_show_order=False)
