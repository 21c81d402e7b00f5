"""From the city's list of schools to vmauth's users and Prometheus' http_sd targets. Standard library only.

    python3 register.py vmauth schools.csv passwords/ http://127.0.0.1:8428 > vmauth.yml
    python3 register.py targets schools.csv > targets.json

Every school has its own password file (passwords/SITE) and can write under its own site, area and city only:
vmauth sets these labels by credential, over whatever the school sends.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

COLUMNS = ("site", "name", "area", "city", "address")
MAX_SCHOOLS = 20_000  # the city has about 2,300
_SITE = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RegisterError(Exception):
    """The list of schools or a password cannot be used: one line a problem."""


def read_schools(text: str) -> list[dict[str, str]]:
    """The rows of the list.

    Raises: RegisterError with every problem.
    """
    rows = list(csv.DictReader(text.splitlines()))
    problems = []
    if not rows or tuple(rows[0]) != COLUMNS:
        raise RegisterError(f"the first line must be: {','.join(COLUMNS)}")
    if len(rows) > MAX_SCHOOLS:
        raise RegisterError(f"more than {MAX_SCHOOLS} schools")
    seen: set[str] = set()
    for line, row in enumerate(rows, start=2):
        if not _SITE.fullmatch(row["site"] or ""):
            problems.append(f"line {line}: site must be 1 to 64 letters, digits, dots, dashes")
        elif row["site"] in seen:
            problems.append(f"line {line}: site {row['site']} stands twice")
        seen.add(row["site"] or "")
        if not row["area"] or not row["city"]:
            problems.append(f"line {line}: area and city must be given")
    if problems:
        raise RegisterError("\n".join(problems))
    return rows


def vmauth_config(schools: Iterable[Mapping[str, str]], passwords: Mapping[str, str], receiver: str) -> str:
    """vmauth's configuration: one user a school, who may write and nothing else."""
    lines = ["# Made by register.py from the list of schools: change the list, not this file.", "users:"]
    for school in schools:
        labels = "&".join(
            f"extra_label={name}={quote(school[name], safe='')}" for name in ("site", "area", "city")
        )
        lines += [
            f"  - username: {json.dumps(school['site'])}",
            f"    password: {json.dumps(passwords[school['site']])}",
            "    url_map:",
            '      - src_paths: ["/api/v1/write"]',
            f"        url_prefix: {json.dumps(f'{receiver}/?{labels}', ensure_ascii=False)}",
        ]
    return "\n".join(lines) + "\n"


def http_sd_targets(schools: Iterable[Mapping[str, str]]) -> str:
    """Every school that the city can reach, in the format of http_sd and file_sd."""
    groups = [
        {
            "targets": [school["address"]],
            "labels": {name: school[name] for name in ("site", "area", "city")} | {"instance": "camagent"},
        }
        for school in schools
        if school["address"]
    ]
    return json.dumps(groups, ensure_ascii=False, indent=1) + "\n"


def read_passwords(schools: Iterable[Mapping[str, str]], folder: Path) -> dict[str, str]:
    """The first line of each school's password file.

    Raises: RegisterError naming every school that has none.
    """
    found, missing = {}, []
    for school in schools:
        path = folder / school["site"]
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        if lines and len(lines[0]) >= 16:
            found[school["site"]] = lines[0]
        else:
            missing.append(f"{path}: needs a password of 16 or more characters")
    if missing:
        raise RegisterError("\n".join(missing))
    return found


def main(arguments: Sequence[str]) -> int:
    """Run one of the two conversions; exit code 2 with a line for each mistake."""
    try:
        match arguments:
            case ["vmauth", schools, passwords, receiver]:
                rows = read_schools(Path(schools).read_text(encoding="utf-8-sig"))
                sys.stdout.write(
                    vmauth_config(rows, read_passwords(rows, Path(passwords)), receiver.rstrip("/"))
                )
            case ["targets", schools]:
                sys.stdout.write(http_sd_targets(read_schools(Path(schools).read_text(encoding="utf-8-sig"))))
            case _:
                sys.stderr.write(f"{__doc__}\n")
                return 2
    except (RegisterError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
