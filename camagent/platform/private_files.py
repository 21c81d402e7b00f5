"""Files that only their owner may read, one process at a time."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from camagent.platform.whole_files import make_private

LOCK_PATIENCE_S = 10.0  # what is done under a lock takes milliseconds; longer is a process that hangs
_LOOK_EVERY_S = 0.02


def seal(secret: bytes) -> bytes:
    """What may lie on disk in place of a secret: on Windows bound to this user's log-in (DPAPI), on Linux the
    secret.

    A file mode protects nothing on Windows; on Linux mode 0600 is what protects it.

    Raises: OSError where Windows refuses.
    """
    if sys.platform == "win32":
        from camagent.platform.windows_seal import protect

        return protect(secret)
    return secret


def unseal(stored: bytes) -> bytes:
    """The secret that `seal` was given.

    Raises: OSError where this user cannot open it.
    """
    if sys.platform == "win32":
        from camagent.platform.windows_seal import unprotect

        return unprotect(stored)
    return stored


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a lock file while the block runs, against every other process of this machine; waits for its turn.

    Raises: OSError (TimeoutError after `LOCK_PATIENCE_S`) where it cannot be had.
    """
    make_private(path)
    with path.open("ab") as file:
        _wait_for(file.fileno())
        try:
            yield
        finally:
            _release(file.fileno())


def _wait_for(descriptor: int) -> None:
    give_up_s = time.monotonic() + LOCK_PATIENCE_S
    while not _try(descriptor):
        if time.monotonic() > give_up_s:
            raise TimeoutError
        time.sleep(_LOOK_EVERY_S)


def _try(descriptor: int) -> bool:
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _release(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        with contextlib.suppress(OSError):
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_UN)
