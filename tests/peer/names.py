"""A name server of our own for one daemon: names that do not exist, whose server fails, or never answers, and that
are well afterwards. The daemon sees it by mounts of its own (needs root); nobody else does."""

import os
import socket
import subprocess
import threading
from pathlib import Path

ADDRESS = "127.85.0.53"
HERE = "127.0.0.1"
CODES = {"servfail": 2, "nxdomain": 3}
TYPE_A = 1


def available():
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        return False
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((ADDRESS, 53))
        return True
    except OSError:
        return False


class Names:
    """Every name is this machine, after the faults that were asked for."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        # One long try: a silent server is noticed by the asker's own deadline.
        (self.folder / "resolv.conf").write_text(f"nameserver {ADDRESS}\noptions timeout:20 attempts:1\n")
        (self.folder / "nsswitch.conf").write_text("hosts: files dns\n")
        self.faults = {}  # name: [what, how often still]
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((ADDRESS, 53))
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def wrap(self):
        """What a command is started with to see these names."""
        script = ('mount --bind "$0/resolv.conf" /etc/resolv.conf && mount --bind "$0/nsswitch.conf" /etc/nsswitch.conf && '
                  'exec "$@"')
        return ["unshare", "-m", "sh", "-c", script, str(self.folder)]

    def misbehave(self, name, what, times=1):
        self.faults[name] = [what, times]

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.socket.sendto(b"", (ADDRESS, 53))
        self.thread.join(10)
        self.socket.close()

    def serve(self):
        while True:
            query, sender = self.socket.recvfrom(4096)
            if not query:
                return
            answer = self.answer(query)
            if answer:
                self.socket.sendto(answer, sender)

    def answer(self, query):
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode())
            at += 1 + query[at]
        question, kind = query[12 : at + 5], int.from_bytes(query[at + 1 : at + 3], "big")
        fault = self.faults.get(".".join(labels).lower())
        what = fault[0] if fault and fault[1] > 0 else None
        if what and kind == TYPE_A:
            fault[1] -= 1
        if what == "silent":
            return None
        records = b""
        if not what and kind == TYPE_A:
            records = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + socket.inet_aton(HERE)
        head = query[:2] + bytes([0x81, 0x80 | CODES.get(what, 0)]) + b"\0\1" + len(bool(records) * b"x").to_bytes(2, "big") + b"\0\0\0\0"
        return head + question + records
