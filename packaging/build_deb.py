"""Builds dist/camagent_VERSION_ARCHITECTURE.deb: an environment under /opt/camagent, units, user, conffile.

    python packaging/build_deb.py [--python-version 3.11]

Nothing of the machine's own environment goes in: the wheels of the lock file are unpacked for that Python,
which is Debian's own (/usr/bin/python3.11 in Debian 12) and the package's dependency.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

from camagent import __version__  # noqa: E402  # the tree that is packed

UV = ROOT / ".venv" / "bin" / "uv"
PLATFORMS = {"amd64": "x86_64-manylinux_2_28", "arm64": "aarch64-manylinux_2_28"}
NEVER_USED = ("**/tests", "**/__pycache__", "bin", "**/*.pyi", "**/include", "cv2/data", ".lock")
UNITS = ("camagent.service", "camagent-scan.service", "camagent-scan.timer", "camagent-vmagent.service")
CONFFILE = "/etc/camagent/camagent.toml"
COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: the camagent maintainers
License: Apache-2.0
 On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.

Files: opt/camagent/lib/*
Copyright: the authors of each package
License: as in each package's *.dist-info folder
 The wheel "av" carries FFmpeg with x264 and x265, which are under the GNU General Public License: passing on
 this package means passing on GPL software.
"""


def main() -> None:
    """Build the package."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python-version", default="3.11", help="Debian 12: 3.11")
    python = parser.parse_args().python_version
    architecture = _said("dpkg", "--print-architecture")
    if architecture not in PLATFORMS:
        sys.exit(f"no wheels are known for {architecture}: {', '.join(PLATFORMS)}")
    folder = ROOT / "build" / "deb"
    shutil.rmtree(folder, ignore_errors=True)
    fill_environment(folder / "opt" / "camagent", python, architecture)
    fill_system(folder)
    fill_manual(folder)
    write_control(folder, python, architecture)
    target = ROOT / "dist" / f"camagent_{__version__}_{architecture}.deb"
    target.parent.mkdir(exist_ok=True)
    _run("dpkg-deb", "--root-owner-group", "-Zzstd", "-z3", "--build", folder, target)
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size / 1e6:.0f} MB")


def fill_environment(home: Path, python: str, architecture: str) -> None:
    """The virtual environment as it will lie under /opt, written without being run here."""
    site = home / "lib" / f"python{python}" / "site-packages"
    site.mkdir(parents=True)
    requirements = home.parent / "requirements.txt"
    export = ["export", "--quiet", "--frozen", "--no-hashes", "--no-emit-project", "--no-dev"]
    _run(UV, *export, "--output-file", requirements)
    platform = ["--python-version", python, "--python-platform", PLATFORMS[architecture]]
    install = [UV, "pip", "install", "--quiet", "--no-deps", "--target", site, *platform]
    _run(*install, "-r", requirements)
    _run(*install, ROOT)
    requirements.unlink()
    for pattern in NEVER_USED:
        for path in list(site.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    programs = home / "bin"
    programs.mkdir()
    for name in ("python", "python3", f"python{python}"):
        (programs / name).symlink_to(f"/usr/bin/python{python}")
    start = "import sys\n\nfrom camagent.__main__ import start\n\nsys.exit(start())\n"
    _write(programs / "camagent", f"#!/opt/camagent/bin/python\n{start}", 0o755)
    _write(
        home / "pyvenv.cfg", f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {python}\n"
    )


def fill_system(folder: Path) -> None:
    """What lies outside of /opt."""
    for unit in UNITS:
        _write(folder / "lib/systemd/system" / unit, (ROOT / "systemd" / unit).read_text(encoding="utf-8"))
    _write(
        folder / "usr/lib/sysusers.d/camagent.conf", (HERE / "deb/sysusers.conf").read_text(encoding="utf-8")
    )
    _write(folder / CONFFILE.lstrip("/"), (HERE / "deb/camagent.toml").read_text(encoding="utf-8"), 0o640)
    (folder / "usr/bin").mkdir(parents=True)
    (folder / "usr/bin/camagent").symlink_to("/opt/camagent/bin/camagent")
    papers = folder / "usr/share/doc/camagent"
    shutil.copytree(ROOT / "docs", papers, ignore=shutil.ignore_patterns("design", "schema"))
    _write(papers / "copyright", COPYRIGHT)
    packed = gzip.compress((ROOT / "CHANGELOG.md").read_bytes(), 9, mtime=0)
    (papers / "changelog.gz").write_bytes(packed)
    for path in papers.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def fill_manual(folder: Path) -> None:
    """camagent(1) in English and Vietnamese, each from the help texts of that language."""
    for language, place in (("en", "usr/share/man/man1"), ("vi", "usr/share/man/vi/man1")):
        with tempfile.TemporaryDirectory() as assets:
            export = [sys.executable, "-m", "camagent", "assets", "export", assets, "--lang", language]
            subprocess.run(export, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
            page = (Path(assets) / "man" / "man1" / "camagent.1").read_bytes()
        target = folder / place / "camagent.1.gz"
        target.parent.mkdir(parents=True)
        target.write_bytes(gzip.compress(page, 9, mtime=0))
        target.chmod(0o644)


def write_control(folder: Path, python: str, architecture: str) -> None:
    """The package's own papers: fields, conffile, scripts, sums."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    sums = [f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}" for path in files]
    major, _, minor = python.partition(".")
    fields = {
        "Package": "camagent",
        "Version": __version__,
        "Architecture": architecture,
        "Maintainer": "the camagent maintainers <camagent@localhost>",
        "Installed-Size": str(sum(path.stat().st_size for path in files) // 1024),
        "Depends": f"python3 (>= {python}), python3 (<< {major}.{int(minor) + 1}), "
        "systemd | systemd-standalone-sysusers",
        "Suggests": "victoria-metrics",
        "Section": "net",
        "Priority": "optional",
        "Description": "readiness of a school's ONVIF cameras\n"
        " Finds the cameras of a school, asks them what they are set to, watches their streams and says\n"
        " which are ready to be connected to the city's operations centre. Runs by hand or as a service\n"
        " for Prometheus.",
    }
    own = folder / "DEBIAN"
    _write(own / "control", "".join(f"{key}: {value}\n" for key, value in fields.items()))
    _write(own / "conffiles", f"{CONFFILE}\n")
    _write(own / "md5sums", "\n".join(sums) + "\n")
    for name in ("postinst", "prerm", "postrm"):
        _write(own / name, (HERE / "deb" / name).read_text(encoding="utf-8"), 0o755)


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def _run(*command: str | Path) -> None:
    """Run a tool; its own words stand on the terminal where it fails."""
    subprocess.run(list(map(str, command)), check=True)


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    os.umask(0o022)
    main()
