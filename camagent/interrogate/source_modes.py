"""The modes of a camera's sensor: an encoder's menu holds for the mode that runs; another may give more.

ONVIF Media and Media2, GetVideoSourceModes; asked only where the service states VideoSourceMode. Pure.
"""

from __future__ import annotations

import re

from camagent.interrogate.quirks import codec_name, to_bool, to_float, to_int
from camagent.model.source_mode import SourceMode
from camagent.wire.xml import Node

MAX_MODES = 32
MAX_CODECS = 16


def parse_source_modes(node: Node) -> tuple[SourceMode, ...]:
    """GetVideoSourceModesResponse of either service."""
    return tuple(_mode(row) for row in list(node.children("VideoSourceModes"))[:MAX_MODES])


def _mode(row: Node) -> SourceMode:
    width, height = (to_int(row.value("MaxResolution", side)) for side in ("Width", "Height"))
    words = re.split(r"[\s,;]+", row.value("Encodings") or "")[:MAX_CODECS]
    return SourceMode(
        is_enabled=to_bool(row.value("Enabled")),
        size_px=(width, height) if width and height and min(width, height) > 0 else None,
        frame_rate_hz=to_float(row.value("MaxFramerate")),
        codecs=tuple(dict.fromkeys(name for word in words if (name := codec_name(word)))),
    )
