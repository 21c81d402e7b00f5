"""How the decoder's process starts: with an environment of its own, and without a look for garbage in what it
loads."""

from __future__ import annotations

from pathlib import Path

import camagent
from camagent.platform.garbage import rest_while_loading
from camagent.platform.process import child_environment

ALLOCATOR = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "33554432",
    "MALLOC_TRIM_THRESHOLD_": "33554432",
    "MALLOC_TOP_PAD_": "1048576",
}
"""How glibc gives memory to the worker: one arena a thread would keep tens of megabytes of freed frames. And
what one picture freed is kept for the next: to fetch it from the kernel takes 580 page faults a keyframe."""


def worker_environment() -> dict[str, str]:
    """What the worker needs to import us, and nothing else: secrets of ours may stand in the environment."""
    return child_environment() | {
        "PYTHONPATH": str(Path(camagent.__file__).parents[1]),
        "OPENBLAS_NUM_THREADS": "1",
        **ALLOCATOR,
    }


def load_and_serve() -> None:
    """Load the decoder and serve; see `decode_worker.main`."""
    rest_while_loading()
    from camagent.observe.decode_worker import main

    main()


if __name__ == "__main__":
    load_and_serve()
