"""Where profile files lie, and their TOML: a file with those that it extends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from camagent.model.operator_error import OperatorError, located
from camagent.model.text import message
from camagent.operator_files import read_toml_file

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
        raise OperatorError(located(name_or_path, message("profile.problem.no_file")))
    path = profile_folder() / f"{name_or_path}.toml"
    if path.is_file():
        return path
    names = ", ".join(
        sorted(p.stem for p in profile_folder().glob("*.toml") if not p.name.startswith("prices"))
    )
    raise OperatorError(located(name_or_path, message("profile.problem.no_profile", names=names)))


def available_profiles() -> tuple[str, ...]:
    """Names of the profiles that came with camagent."""
    names = (path for path in profile_folder().glob("*.toml") if not path.name.startswith("prices"))
    return tuple(sorted(path.stem for path in names))


def profile_tables(name_or_path: str) -> list[tuple[dict[str, Any], str]]:
    """The TOML of a profile and of those it extends, each with its file name; the profile itself first.

    Raises: OperatorError where one is missing, is no TOML, or too many extend each other.
    """
    path = find_profile(name_or_path)
    tables: list[tuple[dict[str, Any], str]] = []
    paths: set[Path] = set()
    step: Path | None = path
    while step is not None:
        if step.resolve() in paths or len(paths) > MAX_EXTENDS:
            raise OperatorError(
                located(f"{path.name}: profile.extends", message("profile.problem.extends_too_deep"))
            )
        paths.add(step.resolve())
        table = read_toml_file(step, MAX_PROFILE_BYTES)
        tables.append((table, step.name))
        head = table.get("profile")
        parent = head.get("extends") if isinstance(head, dict) else None
        step = find_profile(parent, step.parent) if isinstance(parent, str) else None
    return tables
