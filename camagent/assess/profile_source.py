"""Where profile files lie, and their TOML. The only place in assess that touches the disk."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from camagent.assess.problem import problem, problem_at
from camagent.model.operator_error import OperatorError

MAX_PROFILE_BYTES = 1_000_000  # forty-five rows take about 30 kB; more is a wrong file
MAX_EXTENDS = 4  # city, area, school, trial: nobody can follow more
_PACKAGE = Path(__file__).resolve().parent.parent
_LINE = re.compile(r"line (\d+), column (\d+)")


def profile_folder() -> Path:
    """`profiles/` of a checkout, else the copy inside the installed package."""
    beside = _PACKAGE.parent / "profiles"
    return beside if beside.is_dir() else _PACKAGE / "_profiles"


def find_profile(name_or_path: str, near: Path | None = None) -> Path:
    """The file that a name or a path means; a path in another profile is taken from that profile's own folder.

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
    names = ", ".join(sorted(p.stem for p in profile_folder().glob("*.toml") if not p.name.startswith("prices")))
    raise OperatorError(problem_at(name_or_path, None, None, problem("no_profile", names=names)))


def read_table(path: Path) -> dict[str, Any]:
    """The file's TOML.

    Raises: OperatorError where it cannot be read or is no TOML.
    """
    try:
        if path.stat().st_size > MAX_PROFILE_BYTES:
            raise OperatorError(problem_at(path.name, None, None, problem("too_large", limit=MAX_PROFILE_BYTES)))
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise OperatorError(problem_at(path.name, None, None, problem("unreadable", number=error.errno))) from error
    except UnicodeDecodeError as error:
        raise OperatorError(problem_at(path.name, None, None, problem("not_utf8", at=error.start))) from error
    except tomllib.TOMLDecodeError as error:
        where = _LINE.search(str(error))
        line, column = (int(where[1]), int(where[2])) if where else (None, None)
        raise OperatorError(problem_at(path.name, None, None, problem("not_toml", line=line, column=column))) from error
    except (ValueError, RecursionError) as error:  # tomllib lets these through: an endless number, a thousand brackets
        raise OperatorError(problem_at(path.name, None, None, problem("odd_toml"))) from error
