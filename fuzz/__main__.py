"""`python -m fuzz`: feed the readers of strangers' bytes with bytes that nobody thought of.

Each target runs in a process of its own under atheris; a crash is left in `--crashes` and ends with code 1.
New inputs that reach new code stay in `--work` (never committed); `--record` adds the counts to a JSON file.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
MAX_INPUT_BYTES = 8192  # of one input: what readers do wrong they do wrong in short inputs too
MEMORY_MB = 2048
SLOWEST_S = 20  # for one input
_DONE = re.compile(r"Done (\d+) runs in (\d+) second")
_COVERAGE = re.compile(r"cov: (\d+) ft: (\d+) corp: (\d+)")


def main(words: Sequence[str] | None = None) -> int:
    """Every named target, or all, each for so many seconds; 1 where one of them crashed."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", help="names of targets; none: all")
    parser.add_argument("--seconds", type=int, default=10, help="for each target")
    parser.add_argument("--work", type=Path, default=Path(".fuzz"), help="where new inputs and crashes go")
    parser.add_argument("--record", type=Path, help="a JSON file to which counts and coverage are added")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    asked, rest = parser.parse_known_args(words)
    if asked.one:
        return run_here(asked.one, [*rest, *asked.targets])
    if importlib.util.find_spec("atheris") is None:
        print("atheris is missing: uv sync --extra fuzz (Linux, CPython up to 3.13)", file=sys.stderr)
        return 2
    from fuzz.targets import TARGETS

    failed = [name for name in asked.targets or TARGETS if not _run(name, asked)]
    print("crashed: " + ", ".join(failed) if failed else "no crash")
    return 1 if failed else 0


def _run(name: str, asked: argparse.Namespace) -> bool:
    """One target in a process of its own; False where it crashed."""
    inputs, crashes = asked.work / name, asked.work / "crashes" / name
    for folder in (inputs, crashes):
        folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "fuzz", "--one", name, f"-max_total_time={asked.seconds}"]
    command += [f"-artifact_prefix={crashes}/", f"-max_len={MAX_INPUT_BYTES}", f"-timeout={SLOWEST_S}"]
    command += [f"-rss_limit_mb={MEMORY_MB}", str(inputs), str(CORPUS / name)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    runs = sum(int(row[0]) for row in _DONE.findall(ended.stdout))
    coverage = _COVERAGE.findall(ended.stdout)
    covered = int(coverage[-1][0]) if coverage else 0
    print(f"{name}: {runs} executions, {covered} branches" + ("" if ended.returncode == 0 else ", CRASHED"))
    if ended.returncode != 0:
        print(ended.stdout[-4000:])
    if asked.record is not None:
        _add_to(asked.record, name, {"executions": runs, "seconds": asked.seconds, "branches": covered})
    return ended.returncode == 0


def _add_to(path: Path, name: str, run: dict[str, int]) -> None:
    """Executions and seconds add up; of the branches the most counts."""
    record = json.loads(path.read_text()) if path.exists() else {}
    before = record.get(name, {})
    record[name] = {
        "executions": before.get("executions", 0) + run["executions"],
        "seconds": before.get("seconds", 0) + run["seconds"],
        "branches": max(before.get("branches", 0), run["branches"]),
    }
    path.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")


def run_here(name: str, rest: Sequence[str]) -> int:
    """One target in this process; atheris ends the process itself."""
    import atheris

    with atheris.instrument_imports(include=["camagent"]):
        from fuzz.targets import TARGETS

    target = TARGETS[name]
    atheris.Setup([sys.argv[0], *rest], target)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
