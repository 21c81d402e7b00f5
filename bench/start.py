"""How long a user waits: `camagent --help`, and the first line of `camagent scan`.

Bounds on an idle machine: 120 ms and 1 s. Processor time stands beside, for machines that are not idle.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 20
HELP_BOUND_S, SCAN_BOUND_S = 0.12, 1.0


def help_page() -> float:
    """Seconds until the help is there."""
    started_s = time.perf_counter()
    subprocess.run([sys.executable, "-m", "camagent", "--help"], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started_s


def first_line_of_scan() -> float:
    """Seconds until a scan of one range says its first line; the run is ended then."""
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"CAMAGENT_DATA": home, "CAMAGENT_CONFIG_DIR": home}
        command = [sys.executable, "-m", "camagent", "scan", "--subnet", "127.10.9.0/30", "--no-store"]
        started_s = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert process.stdout is not None
        process.stdout.readline()
        waited_s = time.perf_counter() - started_s
        process.terminate()
        process.communicate(timeout=30)
    return waited_s


def main() -> None:
    """Print median and worst of each, and how many processor seconds a round cost."""
    for name, bound_s, once in (
        ("camagent --help", HELP_BOUND_S, help_page),
        ("first line of camagent scan", SCAN_BOUND_S, first_line_of_scan),
    ):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        waits_s = [once() for _ in range(ROUNDS)]
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) / ROUNDS
        middle_s = statistics.median(waits_s)
        print(
            f"{name}: median {middle_s * 1000:.0f} ms, best {min(waits_s) * 1000:.0f}, worst "
            f"{max(waits_s) * 1000:.0f} (bound {bound_s * 1000:.0f}); processor {cpu_s * 1000:.0f} ms a round"
        )


if __name__ == "__main__":
    main()
