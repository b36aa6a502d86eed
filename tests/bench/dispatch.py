"""What one delivery costs: beside a bare libcurl loop, on the disk, on a slow disk, and over new TLS connections."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import load
from load import CONNECTIONS, at_text, configuration, one_dispatch, reminder, scratch
from receipts import Sink

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from fault.disk import Disk  # noqa: E402
from peer.receivers import Authority, Receiver  # noqa: E402

BODY = 656  # bytes, of the messages that load.reminder() makes
SLOW_SYNC_MS, SLOW_ANSWER_MS = 5, 20


def bare(build, sink, count, wrap=()):
    """Seconds and CPU seconds of the yardstick."""
    out = subprocess.run([*wrap, build / "bench/bare", sink.url(), str(count), str(CONNECTIONS), str(BODY)],
                         capture_output=True, text=True, check=True).stdout.split()
    return float(out[0]), float(out[1])


def against_bare(build, quick):
    people, reminders, rounds = (2000, 10, 2) if quick else (10000, 10, 5)
    count, sink, mine, yardstick = people * reminders, Sink(build), [], []
    for turn in range(rounds):
        seconds, cpu, size, memory = one_dispatch(build, sink, people, reminders)
        mine.append((seconds, cpu))
        yardstick.append(bare(build, sink, count))
        print(f"  round {turn + 1}: {count / seconds:,.0f}/s, bare {count / yardstick[-1][0]:,.0f}/s, CPU {cpu / count * 1e6:.1f} µs, "
              f"bare {yardstick[-1][1] / count * 1e6:.1f} µs, body {size} B, {memory:.0f} MB")
    sink.close()
    print(f"dispatch_vs_bare {min(s for s, _ in yardstick) / min(s for s, _ in mine):.2f}")
    print(f"cpu_per_delivery_vs_bare {min(c for _, c in mine) / min(c for _, c in yardstick):.2f}")


# ---- instructions, by the slope between two sizes: starting costs nothing, and it repeats within 1 % ----

def by_perf(out):
    return ["perf", "stat", "-x,", "-e", "instructions:u", "-o", out, "--"], r"^(\d+),+instructions"


def by_valgrind(out):
    return ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", f"--log-file={out}"], r"I\s+refs:\s+([\d,]+)"


def counted(counter, run):
    """The instructions of what run(wrap) runs, or None."""
    with tempfile.NamedTemporaryFile("r", suffix=".count") as out:
        wrap, pattern = counter(out.name)
        run(wrap)
        found = re.search(pattern, out.read(), re.M)
        return int(found.group(1).replace(",", "")) if found else None


def find_counter():
    for counter in (by_perf, by_valgrind):
        if shutil.which(counter("x")[0][0]) and counted(counter, lambda wrap: subprocess.run([*wrap, "true"], capture_output=True, check=False)):
            return counter
    return None


def instructions(build):
    counter, sink, people, sizes = find_counter(), Sink(build), 400, (5, 15)
    if not counter:
        print("instructions_vs_bare skipped: neither perf nor valgrind counts instructions here")
        return
    mine = [counted(counter, lambda wrap, n=n: one_dispatch(build, sink, people, n, wrap=wrap, lead=20)) for n in sizes]
    base = [counted(counter, lambda wrap, n=n: bare(build, sink, people * n, wrap)) for n in sizes]
    sink.close()
    messages = people * (sizes[1] - sizes[0])
    ours, theirs = ((many - few) / messages for few, many in (mine, base))
    # valgrind's processor has no instructions for SHA-256, which costs a signed message 20,000 more.
    print(f"instructions_vs_bare {ours / theirs:.2f}: {ours:,.0f} against {theirs:,.0f} a delivery, counted {counter.__name__.replace('_', ' ')}")


# ---- the disk ----

def written(pid):
    return int(re.search(r"^wchar: (\d+)", Path(f"/proc/{pid}/io").read_text(encoding="utf-8"), re.M).group(1))


def on_disk(build, people, reminders, sync_ms, answer_ms):
    """Seconds from the due instant to the last receipt; messages a sync; bytes written a message, and with what the end
    copies from the log into the database."""
    folder, sink = scratch(), Sink(build)
    due, count = int(time.time()) + 6 + people // 10000, people * reminders
    with Disk(folder) as disk:
        daemon = load.Daemon(build, folder, configuration(folder, sink.port, people, 5, ",".join(
            reminder(i, f'at = "{at_text(due)}";') for i in range(reminders))),
            environment={**disk.environment, "LD_PRELOAD": str(build / "fault/disk.so")})
        disk.set(sync_ms=sync_ms)
        sink.ask(f"/delay/{answer_ms}")
        syncs, bytes_before = disk.get("syncs_done"), written(daemon.process.pid)
        stats = load.wait_count(sink, count, 120)
        time.sleep(0.5)  # the last outcomes
        syncs, size = disk.get("syncs_done") - syncs, written(daemon.process.pid) - bytes_before
        daemon.process.terminate()
        os.waitid(os.P_PID, daemon.process.pid, os.WEXITED | os.WNOWAIT)
        whole = written(daemon.process.pid) - bytes_before
        daemon.stop()
    sink.close()
    shutil.rmtree(folder)
    return stats["last_us"] / 1e6 - due, count / max(syncs, 1), size / count, whole / count


def disk_cost(build, quick):
    people, reminders = (2000, 10) if quick else (10000, 10)
    _, messages, size, whole = on_disk(build, people, reminders, 0, 0)
    print(f"messages_per_sync {messages:,.0f} in a backlog of {people * reminders:,}")
    print(f"bytes_per_message {size:,.0f} written, {whole:,.0f} with the last copying of the log into the database")


def slow_disk(build, quick):
    people, rounds = (500, 1) if quick else (2000, 3)
    possible = CONNECTIONS / (SLOW_ANSWER_MS / 1000)
    best = max(people * 10 / on_disk(build, people, 10, SLOW_SYNC_MS, SLOW_ANSWER_MS)[0] for _ in range(rounds))
    print(f"slow_disk_share {best / possible:.2f}: {best:,.0f}/s of the {possible:,.0f}/s that {CONNECTIONS} connections and answers after "
          f"{SLOW_ANSWER_MS} ms allow, each sync {SLOW_SYNC_MS} ms slower")


# ---- TLS ----

def tls_cpu(build, context, authority, keep, people):
    """CPU seconds of nudged for each message, over one connection each or over kept ones."""
    ends = b"" if keep else b"Connection: close\r\n"

    def script(connection):
        # Both sides would wait for an acknowledgement of the head before its body.
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while connection.read_request():
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + ends + b"\r\n")
            if not keep:
                return

    folder, due = scratch(), int(time.time()) + 4
    with Receiver(script, context) as receiver:
        channel = load.hook_channel(receiver.port).replace("http://", "https://").replace(
            "concurrency = 64", f'concurrency = 4; ca_file = "{authority.file}"')
        daemon = load.Daemon(build, folder, configuration(
            folder, receiver.port, people, 1, reminder(0, f'at = "{at_text(due)}";'), channel=lambda _port: channel))
        before = daemon.cpu_s()
        while len(receiver.requests) < people:
            time.sleep(0.1)
        cpu, connections = daemon.cpu_s() - before, receiver.connections
        daemon.stop()
    shutil.rmtree(folder)
    return cpu / people, connections


def tls(build, quick):
    people = 200 if quick else 1000
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder))
        context = authority.context()
        context.num_tickets = 0  # each handshake is a whole one
        anew, connections = tls_cpu(build, context, authority, False, people)
        kept, _ = tls_cpu(build, context, authority, True, people)
    print(f"tls_connection_cpu_ms {(anew - kept) * people / connections * 1000:.2f} of {connections:,} new connections, each verified")


def bench(build, quick):
    against_bare(build, quick)
    instructions(build)
    disk_cost(build, quick)
    slow_disk(build, quick)
    tls(build, quick)
