"""The unpacked folder, and homes of a test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.windows import wine


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """The unpacked folder, in a Windows of this worker's own that stays up."""
    if not wine.ZIP.exists():
        pytest.fail("dist/camagent-windows.zip is missing: run `make windows`")
    folder = wine.prepare()
    wine.make_windows()
    with wine.running_windows():
        yield folder


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """Folders of this test's own, in Windows' spelling."""
    return {
        "CAMAGENT_DATA": wine.windows_path(tmp_path / "data"),
        "CAMAGENT_CONFIG_DIR": wine.windows_path(tmp_path / "config"),
    }
