"""The one door by which files are written: whole or not at all, readable by their owner only, never through
a link that somebody planted.

Who may write into the folder could otherwise lead us to overwrite another file, or read which cameras are
weak.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

PRIVATE = 0o600
GROUP_READABLE = 0o640
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)  # Windows has none: there a link takes rights that strangers lack
_FRESH = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINKS | getattr(os, "O_BINARY", 0)


def make_folder(path: Path, mode: int = 0o700) -> None:
    """Make a folder and what is missing above it, each with `mode`; a folder that exists stays as it is.

    Raises: OSError where it cannot be made, or a link stands in its place (ELOOP).
    """
    if path.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    make_data_folder(path, mode)


def make_data_folder(path: Path, mode: int = 0o700) -> None:
    """The same of a folder that the operator's system sets up, where a link is no plant: systemd makes one.

    Raises: OSError.
    """
    if path.is_dir():
        return
    if path.parent != path:
        make_data_folder(path.parent, mode)
    try:
        path.mkdir(mode)
    except FileExistsError:
        if not path.is_dir():  # another process was not just as fast: a file has that name
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path)) from None


def write_whole(path: Path, content: bytes, mode: int = PRIVATE, *, durable: bool = True) -> None:
    """Replace a file in one step; until then the old one stands, and a failure leaves nothing behind.

    A link that has the file's name is replaced, not followed; its folder may be made by `make_folder` before.
    durable: also after a power cut; waits for the disk.

    Raises: OSError; also where the name belongs to a folder or a device (EISDIR, ENODEV).
    """
    _demand_file(path)
    with _folder(path.parent) as folder:
        fresh, place = f".camagent-{secrets.token_hex(8)}.new", path.name
        if folder is None:
            fresh, place = str(path.with_name(fresh)), str(path)
        try:
            _write(os.open(fresh, _FRESH, PRIVATE, dir_fd=folder), content, mode, durable)
            os.replace(fresh, place, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(fresh, dir_fd=folder)
            raise


def make_private(path: Path) -> None:
    """Have a file that only its owner may read, empty where there was none; an open one is closed to others.

    Raises: OSError where it cannot be had, or the name is a link (ELOOP).
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _NO_LINKS, PRIVATE)
    try:
        if os.name == "posix" and stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
            with contextlib.suppress(PermissionError):  # another's file that we may use
                os.chmod(descriptor, PRIVATE)
    finally:
        os.close(descriptor)


def _demand_file(path: Path) -> None:
    """A folder, a device or a pipe is not replaced, also not behind a link: `-o /dev/stdout` must not end
    that link."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return  # nothing is there, or a link that leads nowhere: that one is replaced
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV), str(path))


@contextlib.contextmanager
def _folder(path: Path) -> Iterator[int | None]:
    """The folder, held open, so that nobody exchanges it meanwhile; None where a system cannot do that."""
    if sys.platform == "win32":
        yield None
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _write(descriptor: int, content: bytes, mode: int, durable: bool) -> None:
    with os.fdopen(descriptor, "wb") as out:
        if mode != PRIVATE and os.name == "posix":
            os.chmod(descriptor, mode)  # the process's umask may hide what the operator asked for
        out.write(content)
        if durable:
            out.flush()
            os.fsync(descriptor)
