"""Where profile files lie, and their TOML. The only place in assess that touches the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from camagent.assess.problem import problem, problem_at
from camagent.model.operator_error import OperatorError
from camagent.operator_files import read_toml

MAX_PROFILE_BYTES = 1_000_000  # forty-five rows take about 30 kB; more is a wrong file
MAX_EXTENDS = 4  # city, area, school, trial: nobody can follow more
_PACKAGE = Path(__file__).resolve().parent.parent


def profile_folder() -> Path:
    """`profiles/` of a checkout, else the copy inside the installed package."""
    beside = _PACKAGE.parent / "profiles"
    return beside if beside.is_dir() else _PACKAGE / "_profiles"


def find_profile(name_or_path: str, near: Path | None = None) -> Path:
    """The file that a name or a path means; a path in another profile is taken from that profile's own
    folder.

    Raises: OperatorError if there is none.
    """
    if name_or_path.endswith(".toml") or "/" in name_or_path or "\\" in name_or_path:
        path = Path(name_or_path)
        path = near / path if near is not None and not path.is_absolute() else path
        if path.is_file():
            return path
        raise OperatorError(problem_at(name_or_path, None, None, problem("no_file")))
    path = profile_folder() / f"{name_or_path}.toml"
    if path.is_file():
        return path
    names = ", ".join(
        sorted(p.stem for p in profile_folder().glob("*.toml") if not p.name.startswith("prices"))
    )
    raise OperatorError(problem_at(name_or_path, None, None, problem("no_profile", names=names)))


def read_table(path: Path) -> dict[str, Any]:
    """The file's TOML.

    Raises: OperatorError where it cannot be read or is no TOML.
    """
    return read_toml(path, MAX_PROFILE_BYTES)
