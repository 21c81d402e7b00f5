"""Where the pictures of one stream lie that the operator asked to keep. Pure."""

from __future__ import annotations

import re
from pathlib import Path

from camagent.model.stream import FileTarget, StreamTarget

REPORT_SUFFIX = ".jpg"
"""Of the small picture that the HTML report of the same run shows; the whole ones are "-1.png" and so on."""


def picture_stem(folder: Path, target: StreamTarget | FileTarget) -> Path:
    """Folder and first part of the name of a stream's kept pictures."""
    if isinstance(target, FileTarget):
        return folder / target.path.stem
    name = f"{target.name or target.uri.host}-{target.token or target.uri.path}-{target.role}"
    return folder / re.sub(r"[^\w.-]+", "_", name).strip("_.")
