"""Pictures of a media file looked at in this process, where a test needs the numbers and not the cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from camagent.observe.decode_worker import Decoder, judge_pictures
from camagent.observe.decoder_replies import keep_pictures
from camagent.observe.picture.opinion import PictureReport


def look(codec: str, pictures: Sequence[bytes], keep_as: Path | None) -> PictureReport:
    kept: list[bytes] = []
    report = judge_pictures(Decoder(), codec, pictures, kept if keep_as is not None else None)
    return replace(report, kept=keep_pictures(kept, keep_as))
