"""A disk that forgets: what SQLite wrote and did not sync is lost when the power is cut.

``kill -9`` leaves the operating system's cache alone, so it cannot show whether a commit was really on disk. This
module stands between SQLite and its files. It is told of every write, truncation and sync by a VFS of its own,
registered as the default one in the very library that Python's ``sqlite3`` uses. For each database and write-ahead log
it keeps a second file with what was synced, ``NAME.synced``, and a list of what has been written since,
``NAME.unsynced``; both survive the death of the process. ``cut`` then makes of them what a disk may hold after a power
cut: all that was synced, and of the rest any part, some of its writes torn at a sector.

Names of files are taken to be durable at once: SQLite syncs the directory itself where that matters to it. The
wal-index (``-shm``) is not data and is removed, as a reboot would.
"""

from __future__ import annotations

import ctypes
import os
import random
import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Lock
from typing import Any, Final

SECTOR: Final = 512
MAIN_DB: Final = 0x00000100
WAL: Final = 0x00080000
SYNCED: Final = ".synced"
UNSYNCED: Final = ".unsynced"
RECORD: Final = struct.Struct("<qq")
"""Offset and length of a write, which follows; a length of -1 stands for a truncation to the offset."""

_int, _pointer = ctypes.c_int, ctypes.c_void_p
# The name goes on as the pointer that it came as: SQLite keeps it for as long as the file is open.
_Open = ctypes.CFUNCTYPE(_int, _pointer, _pointer, _pointer, _int, _pointer)
_Delete = ctypes.CFUNCTYPE(_int, _pointer, ctypes.c_char_p, _int)
_Write = ctypes.CFUNCTYPE(_int, _pointer, _pointer, _int, ctypes.c_int64)
_Truncate = ctypes.CFUNCTYPE(_int, _pointer, ctypes.c_int64)
_Sync = ctypes.CFUNCTYPE(_int, _pointer, _int)
_Close = ctypes.CFUNCTYPE(_int, _pointer)


_inserted: list[Disk] = []
"""What C points at must not be collected."""


class _Vfs(ctypes.Structure):
    """``sqlite3_vfs`` as far as it is touched here, the rest as it comes."""

    _fields_ = [
        ("version", _int),
        ("file_bytes", _int),
        ("path_max", _int),
        ("next", _pointer),
        ("name", ctypes.c_char_p),
        ("app_data", _pointer),
        ("open", _pointer),
        ("delete", _pointer),
        ("rest", _pointer * 14),
    ]


class _Methods(ctypes.Structure):
    """``sqlite3_io_methods``, version 3."""

    _fields_ = [
        ("version", _int),
        ("close", _pointer),
        ("read", _pointer),
        ("write", _pointer),
        ("truncate", _pointer),
        ("sync", _pointer),
        ("rest", _pointer * 13),
    ]


class Disk:
    """Keeps ``NAME.synced`` and ``NAME.unsynced`` beside each file that SQLite opens. ``lies`` forgets to sync.

    Raises ``OSError`` where Python's SQLite cannot be reached from outside.
    """

    def __init__(self, lies: bool = False) -> None:
        import _sqlite3

        self._lies = lies
        self._lock = Lock()
        self._names: dict[int, str] = {}
        self._logs: dict[str, Any] = {}
        self._kept: list[Any] = []  # what C points at must not be collected
        self._methods: dict[int, _Methods] = {}
        self._library = ctypes.CDLL(_sqlite3.__file__)
        try:
            find, register = self._library.sqlite3_vfs_find, self._library.sqlite3_vfs_register
        except AttributeError as error:
            raise OSError("Python's SQLite is linked so that its VFS cannot be reached") from error
        find.restype = ctypes.POINTER(_Vfs)
        self._real: Any = find(None)
        self._open_real = _Open(self._real.contents.open)
        self._delete_real = _Delete(self._real.contents.delete)
        vfs = _Vfs.from_buffer_copy(self._real.contents)
        vfs.name = b"forgetful"
        vfs.open = self._called(_Open, self._open)
        vfs.delete = self._called(_Delete, self._delete)
        self._vfs, self._register = vfs, register

    def insert(self) -> None:
        """Have every database that this process opens from now on lie on this disk, until the process ends."""
        _inserted.append(self)
        self._register(ctypes.byref(self._vfs), 1)

    def _called(self, kind: Any, function: Callable[..., int]) -> Any:
        callback = kind(function)
        self._kept.append(callback)
        return ctypes.cast(callback, _pointer)

    # --- what SQLite calls

    def _open(self, _vfs: int, name: int | None, file: int, flags: int, out: int) -> int:
        code = self._open_real(ctypes.addressof(self._real.contents), name, file, flags, out)
        if code == 0 and name and flags & (MAIN_DB | WAL):
            slot = ctypes.cast(file, ctypes.POINTER(ctypes.c_void_p))
            with self._lock:
                path = os.fsdecode(ctypes.string_at(name))
                self._names[file] = path
                self._begin(path)
                slot[0] = ctypes.addressof(self._wrapped(slot[0] or 0))
        return code

    def _wrapped(self, real_at: int) -> _Methods:
        if real_at not in self._methods:
            real = _Methods.from_address(real_at)
            close, write = _Close(real.close), _Write(real.write)
            truncate, sync = _Truncate(real.truncate), _Sync(real.sync)

            def on_write(file: int, data: int, size: int, offset: int) -> int:
                with self._lock:
                    code = write(file, data, size, offset)
                    if code == 0:
                        self._note(self._names[file], offset, ctypes.string_at(data, size))
                return code

            def on_truncate(file: int, size: int) -> int:
                with self._lock:
                    code = truncate(file, size)
                    if code == 0:
                        self._note(self._names[file], size, None)
                return code

            def on_sync(file: int, flags: int) -> int:
                with self._lock:
                    code = sync(file, flags)
                    if code == 0 and not self._lies:
                        self._settle(self._names[file])
                return code

            def on_close(file: int) -> int:
                with self._lock:
                    self._names.pop(file, None)
                return close(file)

            wrapped = _Methods.from_buffer_copy(real)
            wrapped.close, wrapped.write = self._called(_Close, on_close), self._called(_Write, on_write)
            wrapped.truncate, wrapped.sync = self._called(_Truncate, on_truncate), self._called(_Sync, on_sync)
            self._kept.append((real, close, write, truncate, sync))
            self._methods[real_at] = wrapped
        return self._methods[real_at]

    def _delete(self, _vfs: int, name: bytes, sync_directory: int) -> int:
        path = os.fsdecode(name)
        with self._lock:
            code = self._delete_real(ctypes.addressof(self._real.contents), name, sync_directory)
            if code == 0 and (log := self._logs.pop(path, None)) is not None:
                log.close()
                forget([path])
        return code

    # --- what is kept of it

    def _begin(self, path: str) -> None:
        """What is there when a file is opened was there before the power was switched on."""
        if path not in self._logs:
            there = Path(path).read_bytes()
            Path(path + SYNCED).write_bytes(there)
            self._logs[path] = Path(path + UNSYNCED).open("wb+", buffering=0)  # noqa: SIM115  # open until SQLite deletes it

    def _note(self, path: str, offset: int, data: bytes | None) -> None:
        self._logs[path].write(RECORD.pack(offset, -1 if data is None else len(data)) + (data or b""))

    def _settle(self, path: str) -> None:
        log = self._logs[path]
        log.seek(0)
        with Path(path + SYNCED).open("r+b") as synced:
            for offset, data in _changes(log.read()):
                _apply(synced, offset, data)
        log.seek(0)
        log.truncate()


def cut(folder: Path, chance: random.Random) -> int:
    """Make the files in ``folder`` what a disk may hold after a power cut; how many writes were lost or torn.

    The process that wrote them must be dead.
    """
    lost = 0
    for log in sorted(folder.glob(f"*{UNSYNCED}")):
        path = log.with_name(log.name.removesuffix(UNSYNCED))
        changes = list(_changes(log.read_bytes()))
        keeps = chance.choice((0.0, 0.5, 0.9, 1.0))
        with path.with_name(path.name + SYNCED).open("r+b") as synced:
            for offset, data in changes:
                if chance.random() >= keeps:
                    lost += 1
                elif data is not None and len(data) > SECTOR and chance.random() < 0.2:
                    lost += 1
                    _apply(synced, offset, data[: SECTOR * chance.randrange(len(data) // SECTOR)])
                else:
                    _apply(synced, offset, data)
        path.with_name(path.name + SYNCED).replace(path)
        log.unlink()
    for index in folder.glob("*-shm"):
        index.unlink()
    return lost


def forget(paths: Iterable[str]) -> None:
    """Remove what is kept about these files."""
    for path in paths:
        for ending in (SYNCED, UNSYNCED):
            Path(path + ending).unlink(missing_ok=True)


def _changes(log: bytes) -> Iterable[tuple[int, bytes | None]]:
    at = 0
    while at + RECORD.size <= len(log):
        offset, length = RECORD.unpack_from(log, at)
        at += RECORD.size
        data = None if length < 0 else log[at : at + length]
        at += max(length, 0)
        yield offset, data


def _apply(file: Any, offset: int, data: bytes | None) -> None:
    if data is None:
        file.truncate(offset)
    else:
        file.seek(offset)
        file.write(data)
