"""The wheel alone, in a virtual environment of its own: what a technician gets from `uv tool install` or
`pipx`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UV = ROOT / ".venv" / "bin" / "uv"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command `camagent`, installed as a tool from the wheel that the tree builds."""
    place = tmp_path_factory.mktemp("wheel")
    subprocess.run([UV, "build", "--quiet", "--wheel", "--out-dir", place / "dist", ROOT], check=True)
    wheel = next((place / "dist").glob("*.whl"))
    folders = {"UV_TOOL_DIR": str(place / "tools"), "UV_TOOL_BIN_DIR": str(place / "bin")}
    subprocess.run([UV, "tool", "install", "--quiet", wheel], check=True, env=environment(place) | folders)
    return place / "bin" / "camagent"


def environment(home: Path) -> dict[str, str]:
    """A home of its own, so that nothing of this tree's is used."""
    import os

    kept = {name: os.environ[name] for name in os.environ if name.startswith(("UV_", "PIP_", "SSL_", "PATH"))}
    kept.pop("UV_PROJECT_ENVIRONMENT", None)
    return kept | {
        "HOME": str(home),
        "CAMAGENT_DATA": str(home / "data"),
        "CAMAGENT_CONFIG_DIR": str(home / "config"),
    }


def camagent(command: Path, *arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [command, *arguments],
        capture_output=True,
        text=True,
        env=environment(home),
        cwd=home,
        timeout=200,
        check=False,
    )


def test_it_says_where_it_was_installed(installed: Path, tmp_path: Path) -> None:
    done = camagent(installed, "--version", home=tmp_path)
    assert done.returncode == 0
    assert "tools" in done.stdout and str(ROOT) not in done.stdout


def test_profiles_texts_and_samples_are_in_it(installed: Path, tmp_path: Path) -> None:
    assert "ubnd-3288" in camagent(installed, "profile", "list", home=tmp_path).stdout
    assert "Cách dùng" in camagent(installed, "--help", "--lang", "vi", home=tmp_path).stdout
    assert camagent(installed, "doctor", "--lang", "en", home=tmp_path).returncode in (0, 1)


def test_the_demo_runs(installed: Path, tmp_path: Path) -> None:
    done = camagent(installed, "demo", "--cameras", "3", "--output", "out", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(json.loads((tmp_path / "out" / "camagent.json").read_text(encoding="utf-8"))["cameras"]) == 3


def test_the_assets_are_in_it_and_nothing_is_overwritten(installed: Path, tmp_path: Path) -> None:
    done = camagent(installed, "assets", "export", "out", home=tmp_path)
    assert done.returncode == 0, done.stderr
    for name in (
        "schema/camagent.scan-1.schema.json",
        "systemd/camagent.service",
        "monitoring/rules",
        "monitoring/city",
        "man/man1/camagent.1",
    ):
        assert (tmp_path / "out" / name).exists(), name
    again = camagent(installed, "assets", "export", "out", home=tmp_path)
    assert again.returncode == 2 and "out" in again.stderr
