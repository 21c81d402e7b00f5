"""The Debian package in a clean Debian: installed, run, upgraded, removed, purged.

Own target, `make test-deb`: it makes a root with debootstrap (kept in .setup) and needs root rights. Not
shown: a start by systemd itself, for nothing in that root is process 1; the unit's own command, user and
environment are run instead, and tests/systemd has the units looked at by systemd-analyze.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKED = ROOT / ".setup" / "debian-12.tar"
LIFE = Path(__file__).with_name("life.sh")
STEPS = (
    *("installed", "version", "user", "sums", "manual", "doctor", "demo", "serves", "record", "upgraded"),
    *("configuration kept", "serves again", "removed", "what was made is kept", "purged"),
)
IN_ROOT = (
    "ip link set lo up; ip link set lo multicast on; ip route add 224.0.0.0/4 dev lo;"
    ' mount -t proc proc "$0/proc"; exec chroot "$0" sh /life.sh /first.deb /second.deb'
)

pytestmark = [
    pytest.mark.deb,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(os.geteuid() != 0, reason="a root of its own needs root rights"),
]


def run(*command: str | Path) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=1500, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture
def clean_root(tmp_path: Path) -> Iterator[Path]:
    """Debian 12 with Python and nothing else; made once by the mirror that apt uses here."""
    if not PACKED.exists():
        uris = run("apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME)").splitlines()
        mirror = next(line.split()[0] for line in uris if line.split()[1:] == ["bookworm"])
        made = tmp_path / "made"
        with_python = "--include=python3,systemd-standalone-sysusers"
        run("debootstrap", "--variant=minbase", with_python, "bookworm", made, mirror)
        run("tar", "-C", made, "-cf", f"{PACKED}.part", ".")
        Path(f"{PACKED}.part").rename(PACKED)
        shutil.rmtree(made)
    root = tmp_path / "root"
    root.mkdir()
    run("tar", "-C", root, "-xf", PACKED)
    yield root
    shutil.rmtree(root)


def test_the_package_lives_as_debian_s_packages_do(clean_root: Path, tmp_path: Path) -> None:
    (first,) = (ROOT / "dist").glob("camagent_0.*.deb")
    run("dpkg-deb", "-R", first, tmp_path / "next")
    control = tmp_path / "next" / "DEBIAN" / "control"
    control.write_text(control.read_text().replace("\nVersion: ", "\nVersion: 9:"))
    run("dpkg-deb", "--root-owner-group", "-Zzstd", "-z1", "-b", tmp_path / "next", clean_root / "second.deb")
    shutil.copy(first, clean_root / "first.deb")
    shutil.copy(LIFE, clean_root / "life.sh")
    output = run("unshare", "--net", "--mount", "--pid", "--fork", "sh", "-c", IN_ROOT, clean_root)
    assert tuple(line[3:] for line in output.splitlines() if line.startswith("ok ")) == STEPS
