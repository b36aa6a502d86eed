#!/usr/bin/python3
"""The campaign with visitors who mean no good: the listener under a thousand and more connections that say nothing,
trickle, flood, never read or hang up in the middle. Somebody who opens their answer page and answers meanwhile is
served every time, reminders go on, and memory and descriptors stay bounded and come back.

usage: visitors.py [--seconds N] [--crowd N] [--seed N]

Exit 1 when there are findings.
"""

import argparse
import asyncio
import random
import resource
import socket
import struct
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scenario.harness import SANITIZED, Daemon, Receiver, eventually, free_port, hook, person, reminder  # noqa: E402

CAP = 1024                            # connections that the listener keeps
SERVED_S = 20 if SANITIZED else 10    # a page comes before the visitor gives up
GROWTH_MB = 400 if SANITIZED else 64  # a header of 8 KiB and a form of 16 KiB for each, and what they cost besides
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


class Findings(list):
    def expect(self, truth, text, *values):
        if not truth:
            self.append(text % values)


# ---- manners ----

async def says_nothing(reader, _writer, _path):
    await reader.read()


async def trickles_a_header(_reader, writer, path):
    for byte in f"GET {path} HTTP/1.1\r\nX-Slow: {'x' * 5000}".encode():
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(random.uniform(0.05, 1))


async def trickles_a_form(_reader, writer, path):
    writer.write(f"POST {path} HTTP/1.1\r\nContent-Length: 16000\r\n".encode() + FORM + b"\r\n")
    while True:
        writer.write(b"a" * random.randint(1, 3))
        await writer.drain()
        await asyncio.sleep(random.uniform(0.05, 1))


async def nearly_fills_the_header(reader, writer, path):
    writer.write(f"GET {path} HTTP/1.1\r\nX-Long: ".encode() + b"y" * 8000)
    await writer.drain()
    await reader.read()


async def floods(_reader, writer, path):
    writer.write(f"GET {path} HTTP/1.1\r\n".encode())
    while True:
        writer.write(b"X-Flood: " + b"z" * 60000)
        await writer.drain()


async def never_reads(_reader, writer, path):
    writer.write(f"GET {path} HTTP/1.1\r\n\r\n".encode())
    writer.transport.pause_reading()
    await asyncio.sleep(60)


async def hangs_up(_reader, writer, path):
    whole = f"POST {path} HTTP/1.1\r\nContent-Length: 11\r\n".encode() + FORM + b"\r\nanswer=skip"
    writer.write(whole[:random.randrange(len(whole) - 1)])
    await writer.drain()
    if random.random() < 0.5:  # by a reset
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def talks_nonsense(reader, writer, _path):
    writer.write(random.randbytes(random.randint(1, 3000)))
    await writer.drain()
    await reader.read()


async def asks_for_what_is_not_there(reader, writer, _path):
    writer.write(f"GET /a/{'A' * random.randint(1, 200)} HTTP/1.1\r\n\r\n".encode())
    await reader.read()


MANNERS = [says_nothing, trickles_a_header, trickles_a_form, nearly_fills_the_header, floods, never_reads, hangs_up, talks_nonsense,
           asks_for_what_is_not_there]


class Crowd:
    """So many visitors at once; whoever is shown the door comes back at once."""

    def __init__(self, host, port, path):
        self.host, self.port, self.path, self.visits = host, port, path, dict.fromkeys(MANNERS, 0)

    async def visitor(self, manner):
        while True:
            try:
                reader, writer = await asyncio.open_connection(self.host, self.port)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            self.visits[manner] += 1
            try:
                await manner(reader, writer, self.path)
            except (OSError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()
            await asyncio.sleep(0.05)

    async def come(self, count):
        return [asyncio.create_task(self.visitor(MANNERS[i % len(MANNERS)])) for i in range(count)]


# ---- somebody who means well ----

async def ask(host, port, text):
    """The status and the whole reply."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(text)
        reply = await reader.read()
    finally:
        writer.close()
    return int(reply.split(b" ", 2)[1]) if reply else 0, reply


async def means_well(host, port, path, findings, waits):
    """Opens the page, and answers by it."""
    for text, wanted in ((f"GET {path} HTTP/1.1\r\n\r\n".encode(), b"<form"),
                         (f"POST {path} HTTP/1.1\r\nContent-Length: 11\r\n".encode() + FORM + b"\r\nanswer=done", b"Recorded as done")):
        began = time.monotonic()
        try:
            status, reply = await asyncio.wait_for(ask(host, port, text), SERVED_S)
        except (OSError, asyncio.TimeoutError) as error:
            findings.append(f"somebody who meant well got {error!r} after {time.monotonic() - began:.1f} s")
            return
        waits.append(time.monotonic() - began)
        findings.expect(status == 200 and wanted in reply, "somebody who meant well got %d: %r", status, reply[:200])


class Looks:
    """Resident memory in MB and open descriptors, the most of each."""

    def __init__(self, pid):
        self.folder, self.mb, self.fds = Path(f"/proc/{pid}"), 0, 0

    def now(self):
        return (int((self.folder / "statm").read_text(encoding="utf-8").split()[1]) * 4096 / 1e6, len(list((self.folder / "fd").iterdir())))

    def look(self):
        mb, fds = self.now()
        self.mb, self.fds = max(self.mb, mb), max(self.fds, fds)


async def siege(house, urls, seconds, crowd, findings):
    """What was seen at most, how long each page took, and the visits of the crowd."""
    host, port, path = urls[0].hostname, urls[0].port, urls[0].path
    bad, looks, waits = Crowd(host, port, path), Looks(house.process.pid), []
    tasks, end = await bad.come(crowd), time.monotonic() + seconds
    for turn in range(10**9):
        if time.monotonic() >= end:
            break
        await means_well(host, port, urls[turn % len(urls)].path, findings, waits)
        looks.look()
        await asyncio.sleep(0.1)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for manner, visits in bad.visits.items():
        findings.expect(visits, "nobody came who %s", manner.__name__)
    findings.expect(waits, "nobody who meant well came")
    return looks, waits, sum(bad.visits.values())


def campaign(seconds, crowd, seed=None):
    """The findings, and one line of figures."""
    seed = seed if seed is not None else random.SystemRandom().randrange(10**6)
    random.seed(seed)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 2 * crowd + 500)), hard))
    findings, receiver = Findings(), Receiver().start()
    with tempfile.TemporaryDirectory(prefix="nudged-visitors-") as folder:
        daemon = Daemon(Path(folder), channels=hook(receiver), people=person("ana") + person("li"), reminders=reminder(
            "ask", "ana", 'every = "1s"') + reminder("tick", "li", 'every = "1s"'))
        with daemon.start():
            urls = [urlsplit(a.items[0]["answer_url"]) for a in receiver.wait(3, person="ana")]
            looks = Looks(daemon.process.pid)
            before_mb, before_fds = looks.now()
            ticks = len(receiver.all(person="li"))
            most, waits, visits = asyncio.run(siege(daemon, urls, seconds, crowd, findings))
            ticks = len(receiver.all(person="li")) - ticks
            eventually("the crowd has gone", lambda: looks.now()[1] <= before_fds + 8)
            findings.expect(most.fds <= before_fds + CAP + 32, "%d descriptors were open", most.fds)
            findings.expect(most.mb - before_mb <= GROWTH_MB, "memory grew by %.0f MB", most.mb - before_mb)
            findings.expect(ticks >= seconds * 0.9 - 2, "of %d reminders meanwhile %d came", seconds, ticks)
            answered = [r for r in daemon.rows("list", "--all", "--person", "ana") if r["answer"] == "done"]
            wanted = min(len(urls), len(waits) // 2)
            findings.expect(len(answered) == wanted, "%d of %d answers are on record", len(answered), wanted)
    receiver.stop()
    waits.sort()
    return findings, (f"{visits:,} visits by {crowd:,} at once in {seconds} s, seed {seed}: {len(waits)} pages for who meant well, the slowest "
                      f"after {waits[-1] * 1000 if waits else 0:.0f} ms (half within {waits[len(waits) // 2] * 1000 if waits else 0:.0f}); at most "
                      f"{most.mb - before_mb:.0f} MB and {most.fds - before_fds} descriptors more; {ticks} reminders meanwhile; {len(findings)} findings")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--crowd", type=int, default=1500)
    parser.add_argument("--seed", type=int)
    chosen = parser.parse_args()
    findings, line = campaign(chosen.seconds, chosen.crowd, chosen.seed)
    for finding in findings[:20]:
        print(finding)
    print(line)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
