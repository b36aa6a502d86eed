"""A disk that does as told: the other side of tests/fault/disk.c."""

import errno
import mmap
import struct

from scenario.harness import BUILD

ORDERS = ("sync_ms", "sync_error", "write_error", "read_error", "syncs_begun", "syncs_done", "retried")
FOREVER = -1  # as sync_ms


class Disk:
    """`with Disk(folder) as disk: daemon.start(environment=disk.environment)`; then disk.set(sync_ms=2000)."""

    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "disk-orders"
        self.path.write_bytes(bytes(4 * len(ORDERS)))
        self.file = open(self.path, "r+b")
        self.page = mmap.mmap(self.file.fileno(), 4 * len(ORDERS))
        self.environment = {"LD_PRELOAD": str(BUILD / "fault/disk.so"), "NUDGED_DISK": str(self.path),
                            "ASAN_OPTIONS": "detect_leaks=1:verify_asan_link_order=0"}

    def set(self, **orders):
        for name, value in orders.items():
            value = getattr(errno, value) if isinstance(value, str) else value
            struct.pack_into("i", self.page, 4 * ORDERS.index(name), value)

    def heal(self):
        self.set(sync_ms=0, sync_error=0, write_error=0, read_error=0)

    def get(self, name):
        return struct.unpack_from("i", self.page, 4 * ORDERS.index(name))[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.heal()
        self.page.close()
        self.file.close()
