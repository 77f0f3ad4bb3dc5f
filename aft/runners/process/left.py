"""Files in a scratch folder, where the processes of a step may have left anything.

No link is followed, in no folder on the way; only regular files with one name count, so that
neither a pipe nor a device makes aft wait, and no file of aft is read or written in their place.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LINK = (errno.ELOOP, errno.EMLINK, errno.ENOTDIR)  # a link in place of a folder is ENOTDIR


class NotPlainError(Exception):
    """``reason`` says what is there in place of a file, to follow its name."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_left(root: Path, path: Path, *, most: int) -> bytes | None:
    """The content of ``path`` below ``root``; None where there is none. Raises ``NotPlainError``
    for anything but a file of at most ``most`` bytes."""
    try:
        with _reasons(), _folder_of(root, path) as folder:
            descriptor = os.open(path.name, _READ, dir_fd=folder)
            try:
                _check(os.fstat(descriptor), most)
                with os.fdopen(descriptor, "rb", closefd=False) as file:
                    content = file.read(most + 1)
            finally:
                os.close(descriptor)
    except FileNotFoundError:
        return None
    if len(content) > most:
        raise NotPlainError(f"has more than {most:,} bytes")
    return content


def write_over(root: Path, path: Path, content: bytes) -> None:
    """A new file ``path`` below ``root`` in place of what has this name; what has other names, too,
    stays as it is. Raises ``NotPlainError`` where that cannot be."""
    try:
        with _reasons(), _folder_of(root, path) as folder:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path.name, dir_fd=folder)
            with os.fdopen(os.open(path.name, _NEW, 0o600, dir_fd=folder), "wb") as file:
                file.write(content)
    except FileNotFoundError as error:
        raise NotPlainError("cannot be written: its folder is gone") from error


def remove_left(root: Path) -> None:
    """Remove the folder ``root`` with all that is in it, however deep and of any mode.
    Stops silently at what the system does not allow."""
    with contextlib.suppress(OSError):
        if not root.is_symlink():
            root.chmod(0o700)
        top = os.open(root, _FOLDER)
        try:
            _empty(top)
        finally:
            os.close(top)
        root.rmdir()


def _empty(top: int) -> None:
    """Folders of folders become folders of ``top``, until none is left: two descriptors and no
    recursion are enough for any depth."""
    number = 0
    while names := os.listdir(top):
        for name in names:
            if _unlinked(name, top):
                continue
            os.chmod(name, 0o700, dir_fd=top)  # a folder, surely: links are unlinked
            folder = os.open(name, _FOLDER, dir_fd=top)
            try:
                for inner in os.listdir(folder):  # noqa: PTH208 - a descriptor
                    if not _unlinked(inner, folder):
                        os.chmod(inner, 0o700, dir_fd=folder)  # its ".." changes
                        number = _moved(inner, folder, top, number)
            finally:
                os.close(folder)
            os.rmdir(name, dir_fd=top)


def _moved(name: str, folder: int, top: int, number: int) -> int:
    """Move a folder to ``top`` under a name that is free; the number in that name."""
    while True:
        number += 1
        try:
            os.mkdir(f"{number}", dir_fd=top)
        except FileExistsError:
            continue
        os.rename(name, f"{number}", src_dir_fd=folder, dst_dir_fd=top)
        return number


def _unlinked(name: str, folder: int) -> bool:
    """False for a folder."""
    if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        return False
    os.unlink(name, dir_fd=folder)
    return True


@contextlib.contextmanager
def _folder_of(root: Path, path: Path) -> Iterator[int]:
    """The folder that ``path`` is in, opened one name after the other."""
    folder = os.open(root, _FOLDER)
    try:
        for name in path.relative_to(root).parts[:-1]:
            inner = os.open(name, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        yield folder
    finally:
        os.close(folder)


def _check(found: os.stat_result, most: int) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise NotPlainError("is no regular file")
    if found.st_nlink != 1:
        raise NotPlainError("has more than one name (a hard link), so it may be another file")
    if found.st_size > most:
        raise NotPlainError(f"has {found.st_size:,} bytes; at most {most:,}")


@contextlib.contextmanager
def _reasons() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in _LINK:
            raise NotPlainError("is a link, or reached through one") from error
        raise NotPlainError(f"cannot be used: {error.strerror}") from error
