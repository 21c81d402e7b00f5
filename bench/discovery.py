"""Discovery beside PyPI WSDiscovery in one run: cameras found, wall time, CPU time.

Makes two network namespaces joined by two virtual cables, with half of the cameras behind each, so it needs
root; nothing leaves the machine. Each contestant is a process of its own, in turn, against the same crowd.

Then whole ranges behind a router of a namespace's own, eight hosts in them, beside nmap (Debian) with the
same ports.

    python bench/discovery.py [--cameras 500] [--rounds 3] [--ranges /24 /22]
    [--sweepers camagent_sweep nmap_sweep] [--output bench/results/discovery.json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

NETWORKS = ("10.1", "10.2")
SPREADS_MS = (500, 0)
SWEEPERS = ("camagent_sweep", "nmap_sweep")
CONTESTANTS = ("camagent", "wsdiscovery_4s", "wsdiscovery_10s")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cameras", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "results" / "discovery.json")
    parser.add_argument(
        "--ranges", nargs="*", default=["/24", "/22"], help="prefixes of the ranges behind a router"
    )
    parser.add_argument(
        "--sweepers",
        nargs="*",
        choices=SWEEPERS,
        default=list(SWEEPERS),
        help="who looks through the ranges; nmap takes 7 minutes for a /24, half an hour for a /22, twice",
    )
    parser.add_argument("--contestant", choices=(*CONTESTANTS, *SWEEPERS), help=argparse.SUPPRESS)
    parser.add_argument("--network", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.contestant:
        print(json.dumps(contest(arguments.contestant, arguments.network)))
        return
    if os.geteuid() != 0:
        sys.exit("bench/discovery.py needs root: it makes network namespaces of its own")
    rows = list(
        chain.from_iterable(
            measure(arguments.cameras, spread_ms, arguments.rounds) for spread_ms in SPREADS_MS
        )
    )
    for row in rows:
        print(
            "{contestant:16} {replies:22} {found:>9}  {wall_s:6.2f} s wall  {cpu_s:5.2f} s CPU".format(
                **shown(row)
            )
        )
    ranges = list(
        chain.from_iterable(
            measure_range(f"10.9.0.0{prefix}", arguments.sweepers) for prefix in arguments.ranges
        )
    )
    for row in ranges:
        print(
            (
                "{contestant:16} {range:14} {verdict:10} {finds}  {wall_s:6.1f} s wall  {cpu_s:5.2f} s CPU"
            ).format(**row)
        )
    document = {
        "what": "WS-Discovery by multicast, two interfaces, 1.8 kB answers; medians of the rounds",
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "kernel": platform.release(),
        },
        "rounds": arguments.rounds,
        "rows": rows,
        "ranges": ranges,
        "load_average": os.getloadavg(),
    }
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(document, indent=2) + "\n")


def measure(cameras: int, spread_ms: int, rounds: int) -> list[dict[str, Any]]:
    """Every contestant against a fresh crowd, in turn, so that all meet the same machine."""
    from tests.discover.network import Network, crowd_on

    rows: dict[str, list[dict[str, float]]] = {name: [] for name in CONTESTANTS}
    for _ in range(rounds):
        near, far = Network(), Network()
        with crowd_on(near, far, NETWORKS, cameras // len(NETWORKS), spread_ms), near.inside():
            for name in CONTESTANTS:
                command = [sys.executable, __file__, "--contestant", name]
                done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
                rows[name].append(json.loads(done.stdout))
        near.close()
        far.close()
    return [
        {
            "contestant": name,
            "cameras": cameras,
            "reply_spread_ms": spread_ms,
            "found": sorted(int(run["found"]) for run in runs),
            "wall_s": round(statistics.median(run["wall_s"] for run in runs), 3),
            "cpu_s": round(statistics.median(run["cpu_s"] for run in runs), 3),
        }
        for name, runs in rows.items()
    ]


def measure_range(network: str, sweepers: Sequence[str]) -> list[dict[str, Any]]:
    """Each sweeper at the same range, behind a router that drops, then behind one that says "prohibited"."""
    from tests.discover.network import Network
    from tests.discover.ranges import behind_a_router

    rows = []
    for verdict in ("blackhole", "prohibit"):
        near, far = Network(), Network()
        with near.inside(), behind_a_router(near, far, network, verdict):
            for name in sweepers:
                command = [sys.executable, __file__, "--contestant", name, "--network", network]
                done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=3700)
                rows.append(
                    {"contestant": name, "range": network, "verdict": verdict, **json.loads(done.stdout)}
                )
        near.close()
        far.close()
    return rows


def contest(name: str, network: str | None = None) -> dict[str, Any]:
    """One search by one contestant in this process; imports are not counted."""
    if network is not None:
        return camagent_sweep(network) if name == "camagent_sweep" else nmap_sweep(network)
    if name == "camagent":
        return camagent()
    return wsdiscovery(float(name.partition("_")[2].removesuffix("s")))


def camagent() -> dict[str, float]:
    """The default search, without the sweep of addresses: the library has none."""
    from camagent.discover.interfaces import list_interfaces
    from camagent.discover.plan import make_plan
    from camagent.discover.search import search
    from camagent.platform.system_clock import SystemClock

    plan = replace(make_plan(list_interfaces()), subnets=())
    start_s, start_cpu_s = time.monotonic(), cpu_s()
    discovery = asyncio.run(search(plan, SystemClock()))
    return {
        "found": len(discovery.devices),
        "wall_s": time.monotonic() - start_s,
        "cpu_s": cpu_s() - start_cpu_s,
    }


def camagent_sweep(network: str) -> dict[str, Any]:
    """One range, at the pace that is shipped."""
    from camagent.discover.interfaces import list_interfaces
    from camagent.discover.plan import make_plan
    from camagent.discover.search import search
    from camagent.platform.system_clock import SystemClock

    plan = make_plan(list_interfaces(), subnets=[network])
    start_s, start_cpu_s = time.monotonic(), cpu_s()
    discovery = asyncio.run(search(plan, SystemClock()))
    finds = {
        "onvif": len(discovery.devices),
        "rtsp_only": len(discovery.rtsp_only),
        "alive": discovery.addresses_answered,
    }
    return {
        "finds": finds,
        "wall_s": round(time.monotonic() - start_s, 1),
        "cpu_s": round(cpu_s() - start_cpu_s, 2),
    }


def nmap_sweep(network: str) -> dict[str, Any]:
    """nmap -T4 over the same ports: it names open ports, and asks none of them whether ONVIF lives there."""
    from camagent.model.onvif import ONVIF_SEARCH_PORTS, RTSP_PORTS

    ports = ",".join(map(str, (*ONVIF_SEARCH_PORTS, *RTSP_PORTS)))
    start_s = time.monotonic()
    command = ["nmap", "-T4", "-n", "-Pn", "--open", "-p", ports, "-oG", "-", network]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=3600)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    finds = {"hosts_with_an_open_port": done.stdout.count("Ports:")}
    spent_s = round(usage.ru_utime + usage.ru_stime, 2)
    return {"finds": finds, "wall_s": round(time.monotonic() - start_s, 1), "cpu_s": spent_s}


def wsdiscovery(timeout_s: float) -> dict[str, float]:
    """ThreadedWSDiscovery.searchServices with that time-out."""
    from wsdiscovery import QName
    from wsdiscovery.discovery import ThreadedWSDiscovery

    logging.disable(logging.CRITICAL)
    start_s, start_cpu_s = time.monotonic(), cpu_s()
    discovery = ThreadedWSDiscovery()
    discovery.start()
    types = [QName("http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter")]
    services = discovery.searchServices(types=types, timeout=timeout_s)
    row = {"found": len(services), "wall_s": time.monotonic() - start_s, "cpu_s": cpu_s() - start_cpu_s}
    discovery.stop()
    return row


def cpu_s() -> float:
    """CPU seconds of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """A row as a line of text."""
    spread = f"within {row['reply_spread_ms']} ms" if row["reply_spread_ms"] else "all at once"
    low, high = row["found"][0], row["found"][-1]
    range_text = f"{low}" if low == high else f"{low}-{high}"
    return row | {"replies": f"{row['cameras']} {spread}", "found": f"{range_text}"}


if __name__ == "__main__":
    main()
