"""Picture health measured on photographs: `python -m bench.picture.run --folder DIR`.

Clips and their measures are made in DIR, once; a run that was stopped goes on where it was, and `--anew`
measures all clips again with the present code. Limits were chosen on half 0 of the photographs, by name; the
figures of half 1 are the ones to report. Writes bench/results/picture.json.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import sqrt
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bench.picture import plan
from bench.picture import spoilt_clips as clips
from bench.picture.photographs import Photograph, fetch, photographs
from bench.picture.scenes import LIGHTS, Clip
from bench.picture.spoil import WITH_REFERENCE
from camagent.model.stream import ImageFacts
from camagent.observe.decode_start import ALLOCATOR
from camagent.observe.decode_worker import Decoder, planes_of
from camagent.observe.picture.facts import image_facts
from camagent.observe.picture.picture_numbers import PictureMeasures, measure_picture
from camagent.observe.picture.reference import compared
from camagent.observe.picture.view import Planes

RESULTS = Path(__file__).resolve().parents[1] / "results" / "picture.json"
FAILING = frozenset(
    (
        "black",
        "no_signal",
        "corrupt",
        "covered",
        "partly_covered",
        "frozen",
        "upside_down",
        "mosaic",
        "sprayed",
        "blurred",
    )
)
ALSO_RIGHT = {
    "sprayed": {"blurred", "low_contrast"},
    "corrupt": {"mosaic", "undecodable"},
    "underexposed": {"black"},
    "glare": {"overexposed"},
}
"""Names that send the technician to the same place."""
DAYLIGHT = ("day", "fog", "rain", "web")
LAPLACIAN_LIMIT = 100.0  # of the usual recipe; below it a picture is called blurred


def wilson(hits: int, of: int) -> tuple[float, float]:
    """95 % interval of a share, in percent."""
    if not of:
        return 0.0, 100.0
    share, z = hits / of, 1.96
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    reach = z / (1 + z * z / of) * sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return round(100 * max(0.0, middle - reach), 2), round(100 * min(1.0, middle + reach), 2)


def made(
    folder: Path, wanted: Sequence[Clip], by_name: dict[str, Photograph]
) -> Iterator[tuple[Clip, list[bytes]]]:
    """Each clip's keyframes, from the folder or made now."""
    folder.mkdir(parents=True, exist_ok=True)
    for clip in wanted:
        file = folder / f"{clip.seed}.pkl"
        if file.exists():
            yield clip, pickle.loads(file.read_bytes())[2]
            continue
        photograph = by_name[clip.photograph]
        keyframes = clips.keyframes(clip, clips.pictures(clip, photograph))
        file.write_bytes(pickle.dumps((clip, photograph.half, keyframes)))
        yield clip, keyframes


class Judged:
    """One clip as the product sees it, and what the usual recipe says."""

    def __init__(self, clip: Clip, keyframes: Sequence[bytes]) -> None:
        decoder, self.costs_s, self.measures, self.laplacian = Decoder(), [], list[PictureMeasures](), 0.0
        for unit in keyframes:
            frame = decoder.decode(clip.codec, unit)
            if frame is not None:
                planes, began_s = planes_of(frame), time.thread_time()
                self.measures.append(measure_picture(planes))
                self.costs_s.append(time.thread_time() - began_s)
                self.laplacian = float(cv2.Laplacian(np.ascontiguousarray(planes.luma), cv2.CV_32F).var())

    @property
    def image(self) -> ImageFacts | None:
        """By the limits of now."""
        return image_facts(self.measures)

    @property
    def stated(self) -> set[str]:
        """The conditions; "undecodable" where no picture decoded."""
        return set(self.image.conditions) if self.image is not None else {"undecodable"}

    @property
    def unsure(self) -> bool:
        """Something was left open."""
        return bool(self.image.unsure) if self.image is not None else False


def judged_once(folder: Path, clip: Clip, keyframes: Sequence[bytes], anew: bool) -> Judged:
    """The clip's measures, from the folder or taken now."""
    file = folder / f"{clip.seed}.pkl"
    if file.exists() and not anew:
        judged: Judged = pickle.loads(file.read_bytes())
        return judged
    judged = Judged(clip, keyframes)
    folder.mkdir(parents=True, exist_ok=True)
    file.write_bytes(pickle.dumps(judged))
    return judged


def numbers_of(clip: Clip, photograph: Photograph) -> Any:
    """The numbers of a clip's first picture, not coded: what the store would hold."""
    i420 = clips.pictures(clip, photograph)[0]
    height = i420.shape[0] * 2 // 3
    u, v = i420[height:].reshape(2, height // 2, -1)
    return measure_picture(Planes(np.ascontiguousarray(i420[:height]), (u, v), 8, False)).numbers


def reference_of(folder: Path, clip: Clip, photograph: Photograph) -> Any:
    """The numbers of the sound view by day (or under infrared), from the folder or made now."""
    file = folder / f"{clip.seed}.pkl"
    if not file.exists():
        light = "infrared" if clip.light == "infrared" else "day"
        folder.mkdir(parents=True, exist_ok=True)
        sound = replace(clip, condition="sound", light=light, noise=1.5)
        file.write_bytes(pickle.dumps(numbers_of(sound, photograph)))
    return pickle.loads(file.read_bytes())


def against_reference(judged: Judged, clip: Clip, reference: Any) -> set[str]:
    """What the product adds with the reference."""
    daylight = clip.light in DAYLIGHT
    return set(compared(judged.measures[-1].numbers, [reference], daylight)) if judged.measures else set()


def main() -> None:
    """Make, judge, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--sound", type=int, nargs=2, default=(1010, 560), help="sound clips of each half")
    parser.add_argument("--obvious", type=int, nargs=2, default=(3, 8), help="clips of each obvious strength")
    parser.add_argument("--made", action="store_true", help="only clips that are in the folder already")
    parser.add_argument("--anew", action="store_true", help="measure again")
    options = parser.parse_args()
    if not os.environ.items() >= ALLOCATOR.items():
        os.execve(
            sys.executable, [sys.executable, "-m", "bench.picture.run", *sys.argv[1:]], os.environ | ALLOCATOR
        )
    folder: Path = options.folder
    fetch(folder / "packages")
    pictures = photographs(folder / "packages")
    by_name = {photograph.name: photograph for photograph in pictures}
    wanted = [
        *plan.spoilt_clips(pictures, tuple(options.obvious)),
        *plan.sound_clips(pictures, tuple(options.sound)),
    ]
    if options.made:
        wanted = [clip for clip in wanted if (folder / "clips" / f"{clip.seed}.pkl").exists()]
    tables = [Table(), Table()]
    for clip, keyframes in made(folder / "clips", wanted, by_name):
        photograph = by_name[clip.photograph]
        judged = judged_once(folder / "measures", clip, keyframes, options.anew)
        kept = clip.condition in WITH_REFERENCE or (clip.condition == "sound" and clip.seed % 4 == 0)
        reference = reference_of(folder / "references", clip, photograph) if kept else None
        added = against_reference(judged, clip, reference) if kept else None
        tables[photograph.half].add(clip, judged, added)
    result: dict[str, Any] = {
        "photographs": len(pictures),
        "kinds": sorted({photograph.kind for photograph in pictures}),
        "lights": LIGHTS,
        "halves": [table.summary() for table in tables],
    }
    RESULTS.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n")
    print(json.dumps(result["halves"][1], indent=1, sort_keys=True))


class Table:
    """Counts of one half of the photographs."""

    def __init__(self) -> None:
        self.right: dict[str, list[list[int]]] = defaultdict(lambda: [[0, 0] for _ in range(5)])
        self.with_reference: dict[str, list[list[int]]] = defaultdict(lambda: [[0, 0] for _ in range(5)])
        self.sound: Counter[str] = Counter()
        self.alarms: Counter[str] = Counter()
        self.compared: Counter[str] = Counter()
        self.photographs: set[str] = set()
        self.costs_s: list[float] = []
        self.laplacian: Counter[str] = Counter()

    def add(self, clip: Clip, judged: Judged, added: set[str] | None) -> None:
        """Count one clip; `added`: what the reference told, where it was asked."""
        self.photographs.add(clip.photograph)
        self.costs_s += judged.costs_s
        blurred = judged.laplacian < LAPLACIAN_LIMIT
        if clip.condition != "sound":
            right = bool(judged.stated & ({clip.condition} | ALSO_RIGHT.get(clip.condition, set())))
            for table, hit in (
                (self.right, right),
                (self.with_reference, right or clip.condition in (added or ())),
            ):
                if table is self.right or added is not None:
                    table[clip.condition][clip.strength - 1][0] += hit
                    table[clip.condition][clip.strength - 1][1] += 1
            if clip.condition in ("blurred", "motion_blur") and clip.strength >= 3:
                self.laplacian[clip.condition] += blurred
            return
        self.sound.update(("clips", *(["unsure"] * judged.unsure), *(["stated"] * bool(judged.stated))))
        self.sound.update(
            ["failed"] * bool(judged.stated & FAILING) + ["warned"] * bool(judged.stated - FAILING)
        )
        self.alarms.update(judged.stated)
        self.laplacian["sound"] += blurred
        if added is not None:
            self.compared.update(("clips", *added))

    def summary(self) -> dict[str, Any]:
        """What is printed and kept."""
        clips_ = self.sound["clips"]
        shares = {
            name: {"clips": self.sound[name], "percent_95": wilson(self.sound[name], clips_)}
            for name in ("failed", "warned", "unsure", "stated")
        }
        return {
            "photographs": len(self.photographs),
            "right_of_by_strength": {
                name: [f"{cell[0]}/{cell[1]}" for cell in row] for name, row in self.right.items()
            },
            "with_reference": {
                name: [f"{cell[0]}/{cell[1]}" for cell in row] for name, row in self.with_reference.items()
            },
            "sound_clips": clips_,
            "sound": shares,
            "sound_stated_as": dict(self.alarms),
            "sound_compared_with_reference": dict(self.compared),
            "cpu_ms_a_keyframe_median": round(1000 * float(np.median(self.costs_s)), 2)
            if self.costs_s
            else None,
            "variance_of_laplacian_below_100": dict(self.laplacian),
        }


def _shares(table: dict[str, list[list[int]]]) -> dict[str, list[str]]:
    return {name: [f"{hits}/{of}" for hits, of in row] for name, row in table.items()}


if __name__ == "__main__":
    main()
