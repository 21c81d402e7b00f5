"""What the decoder's process sends back: reports, and the pictures that the operator asked to keep."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from camagent.model.defect import DefectElsewhere
from camagent.model.json_form import from_json
from camagent.model.kept_names import REPORT_SUFFIX
from camagent.observe.picture.opinion import PictureReport
from camagent.platform.whole_files import write_whole

# as `place_of` writes it; the process may have been taken over by a picture, and this is shown
_PLACE = re.compile(r"\w{1,64}(?: \w{1,64}\.py:\d{1,6})?", re.ASCII)


def read_report(reply: bytes) -> tuple[int, PictureReport | DefectElsewhere, tuple[int, ...]]:
    """Number of the job, the report or the bug of ours in its place, and the sizes of the pictures to come.

    Raises: ValueError, KeyError or TypeError for anything that is neither.
    """
    answer: dict[str, Any] = json.loads(reply)
    if "defect" in answer:
        place = from_json(str, answer["defect"], "defect")
        if not _PLACE.fullmatch(place):
            raise ValueError("no place in our code")
        return from_json(int, answer["id"], "id"), DefectElsewhere(place), ()
    sizes = from_json(tuple[int, ...], answer["kept"], "kept")
    if any(size <= 0 for size in sizes):
        raise ValueError("a picture without bytes")
    return from_json(int, answer["id"], "id"), from_json(PictureReport, answer["report"], "report"), sizes


def keep_pictures(pictures: Sequence[bytes], keep_as: Path | None) -> int:
    """Write pictures for the operator who asked, readable by him alone; how many the disk took.

    The last one is the small one for the report of this run.
    """
    if keep_as is None or not pictures:
        return 0
    count = 0
    for number, picture in enumerate(pictures[:-1], start=1):
        with contextlib.suppress(OSError):
            write_whole(keep_as.with_name(f"{keep_as.name}-{number}.png"), picture, durable=False)
            count += 1
    with contextlib.suppress(OSError):
        write_whole(keep_as.with_name(keep_as.name + REPORT_SUFFIX), pictures[-1], durable=False)
    return count
