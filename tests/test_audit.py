"""An audit that did not take place never looks like one that found nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from email.message import Message
from importlib import metadata
from pathlib import Path
from typing import cast

import pytest

from audit.__main__ import NO_DATA, gpl_lines, licence_of, verdict


@pytest.mark.parametrize(
    ("code", "text", "meant"),
    [
        (0, "No known vulnerabilities found", 0),
        (0, "Name Skip Reason\nav Dependency not found\nNo known vulnerabilities found", NO_DATA),
        (1, "Name Version ID Fix Versions\nav 1 PYSEC-1 2", 1),
        (1, "Connection refused", NO_DATA),
    ],
)
def test_what_pip_audit_says_is_not_taken_for_more(code: int, text: str, meant: int) -> None:
    assert verdict(code, text) == meant


@pytest.mark.parametrize(
    ("headers", "licence"),
    [
        ((("License-Expression", "MIT"), ("Classifier", "License :: OSI Approved :: BSD License")), "MIT"),
        ((("Classifier", "License :: OSI Approved :: BSD License"),), "BSD License"),
        ((("License", "Apache 2\nwith text"),), "Apache 2"),
        ((), "NOT STATED"),
    ],
)
def test_a_licence_is_what_the_package_states(headers: tuple[tuple[str, str], ...], licence: str) -> None:
    package = Message()
    for name, value in headers:
        package[name] = value
    assert licence_of(cast(metadata.PackageMetadata, package)) == licence


def test_encoders_under_the_gpl_are_named(tmp_path: Path) -> None:
    assert "no GPL" in gpl_lines(tmp_path)[0]
    (tmp_path / "av.libs").mkdir()
    (tmp_path / "av.libs" / "libx265-f5385bb8.so.216").touch()
    assert "libx265" in gpl_lines(tmp_path)[0] and "GPL" in gpl_lines(tmp_path)[1]


@pytest.mark.slow
def test_the_bill_of_materials_names_every_locked_package(tmp_path: Path) -> None:
    uv, place = Path(sys.executable).parent / "uv", tmp_path / "bom.json"
    command = [str(uv), "export", "--quiet", "--frozen", "--no-dev", "--format", "cyclonedx1.5"]
    subprocess.run([*command, "--output-file", str(place)], check=True)
    bill = json.loads(place.read_text())
    assert bill["bomFormat"] == "CycloneDX"
    assert {"av", "aiohttp", "cryptography", "lxml"} <= {part["name"] for part in bill["components"]}
