"""What does not get worse: lateness beside receivers that are dead or slow, throughput beside dead hosts and after a
million recorded messages, dispatch while a configuration is loaded anew, and what a message costs among many."""

import shutil
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path

from load import Daemon, at_text, one_dispatch, reminder, run_ns, scratch, wait_count
from receipts import Sink

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from peer.receivers import Receiver  # noqa: E402

PLACE = 'places = ( { id = "here"; timezone = "UTC"; } );'


def house(folder, urls, people, reminders, concurrency=8, teams=lambda i: ""):
    """Person i goes by channel i modulo their number."""
    with open(folder / "people.csv", "w", encoding="utf-8") as csv:
        csv.write("id,name,place,via,teams\n")
        for i in range(people):
            csv.write(f"p{i},Person Number {i},here,c{i % len(urls)},{teams(i)}\n")
    channels = ",\n".join(f'{{ id = "c{i}"; plugin = "webhook"; url = "{url}"; allow_private = true; concurrency = {concurrency}; }}'
                          for i, url in enumerate(urls))
    return (f'state = "state"; control = "control"; people_file = "people.csv"; daily_limit = 0;\n'
            f'channels = ( {channels} );\n{PLACE}\nreminders = ( {reminders} );\n')


def answer_slowly(connection):
    while connection.read_request():
        time.sleep(1)
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def refusing():
    """A port where nobody listens, as long as the socket is kept."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return sock, f"http://127.0.0.1:{sock.getsockname()[1]}/in"


def silent():
    sock = socket.create_server(("127.0.0.1", 0), backlog=256)
    return sock, f"http://127.0.0.1:{sock.getsockname()[1]}/in"


def beside_broken(build, quick):
    """1,000 due a second to ten receivers, of which one is dead and one slow: the lateness of the other eight."""
    folder, sink, seconds = scratch(), Sink(build), 5 if quick else 20
    _dead, dead_url = refusing()
    with Receiver(answer_slowly) as slow:
        urls = [dead_url, f"http://127.0.0.1:{slow.port}/in"] + [sink.url(f"/in{i}") for i in range(8)]
        daemon = Daemon(build, folder, house(folder, urls, 1000, reminder(0, 'calendar = "*:*:*";')))
        time.sleep(3)
        sink.ask("/reset")
        time.sleep(seconds)
        stats = sink.ask("/stats")
        daemon.stop()
    print(f"lateness_beside_broken_p99_ms {stats['p99'] / 100:.1f} (p50 {stats['p50'] / 100:.1f}) of {stats['count'] / seconds:,.0f} a second "
          "to eight receivers, one dead and one slow beside them", flush=True)
    sink.close()
    shutil.rmtree(folder)


def one_burst(build, sink, urls, people, wanted):
    folder, due = scratch(), int(time.time()) + 6
    config = house(folder, urls, people, reminder(0, f'at = "{at_text(due)}";'), concurrency=2)
    sink.ask("/reset")
    daemon = Daemon(build, folder, config)
    if time.time() > due:
        raise SystemExit("the machine is too slow for this bench: it was due before it was ready")
    stats = wait_count(sink, wanted, 120)
    daemon.stop()
    shutil.rmtree(folder)
    return wanted / (stats["last_us"] / 1e6 - due)


def beside_dead_hosts(build, quick):
    """100 of 1,000 channels lead to hosts that refuse or are silent: what the other 900 keep of their throughput."""
    sink, people = Sink(build), 20000 if quick else 50000
    broken = [silent() if i % 2 else refusing() for i in range(100)]
    live = [sink.url(f"/in{i}") for i in range(900)]
    mixed = [broken[i // 10][1] if i % 10 == 0 else live[i * 9 // 10] for i in range(1000)]
    beside, alone = [], []
    for _ in range(2 if quick else 3):
        beside.append(one_burst(build, sink, mixed, people, people * 9 // 10))
        alone.append(one_burst(build, sink, live, people * 9 // 10, people * 9 // 10))
    sink.close()
    print(f"throughput_beside_dead_hosts {max(beside) / max(alone):.2f} ({max(beside):,.0f}/s to {max(alone):,.0f}/s)", flush=True)


def after_many(build, quick):
    """Bursts of 100,000 into one record: the last of eleven beside the first."""
    bursts, people, reminders = (3, 2000, 10) if quick else (11, 10000, 10)
    folder, sink, size = scratch(), Sink(build), people * reminders
    first, apart = int(time.time()) + 12, 5 if quick else 14
    dues = [first + burst * apart for burst in range(bursts)]
    daemon = Daemon(build, folder, house(folder, [sink.url()], people, ",".join(
        reminder(burst * reminders + i, f'at = "{at_text(due)}";') for burst, due in enumerate(dues) for i in range(reminders)), concurrency=64))
    rates = []
    for burst, due in enumerate(dues):
        stats = wait_count(sink, size * (burst + 1), 120)
        rates.append(size / (stats["last_us"] / 1e6 - due))
    daemon.stop()
    sink.close()
    shutil.rmtree(folder)
    print(f"throughput_after_{size * (bursts - 1):,}_recorded {rates[-1] / rates[0]:.2f} ({rates[-1]:,.0f}/s to {rates[0]:,.0f}/s)", flush=True)


def while_reloading(build, _quick):
    """10,000 people, of whom one changes; 100 messages a second go on meanwhile."""
    with tempfile.TemporaryDirectory(prefix="nudged-bench-") as ledger:
        folder, sink = scratch(), Sink(build, Path(ledger) / "receipts")
        often = reminder(0, 'calendar = "*:*:*";').replace('"all"', '"team:busy"')
        daily = ",".join([often, *(reminder(i, f'calendar = "{9 + i % 8:02}:{i:02}";') for i in range(1, 11))])
        config = house(folder, [sink.url()], 10000, daily, teams=lambda i: "busy" if i < 100 else "")
        daemon, worst = Daemon(build, folder, config), []
        people = (folder / "people.csv").read_text(encoding="utf-8")
        for turn in range(5):
            time.sleep(1.9)
            (folder / "people.csv").write_text(people.replace("Person Number 5000,", f"Person {turn},"), encoding="utf-8")
            now = time.time()
            time.sleep(1 - now % 1 - 0.005)  # so that the next whole second falls into it
            daemon.process.send_signal(signal.SIGHUP)
            worst.append(int(time.time()) + 1)
        time.sleep(2)
        daemon.stop()
        sink.close()
        late = {}
        for receipt in sink.receipts():
            late[int(receipt.at)] = max(late.get(int(receipt.at), 0), receipt.at % 1)
        shutil.rmtree(folder)
    reloading = max(late.get(second, 0) for second in worst)
    calm = max(value for second, value in late.items() if second not in worst and second != min(late))
    print(f"late_while_reloading_ms {reloading * 1000:.0f} at most, {calm * 1000:.0f} without, with one of 10,000 people changed", flush=True)


def cpu_of_due(build, sink, people, reminders, due_people, bursts):
    """CPU ns of each message, the least of some bursts: `due_people` are due among people x reminders schedules."""
    folder, size, due = scratch(), people * reminders, int(time.time()) + 8 + people * reminders // 100000
    dues = [due + 4 * burst for burst in range(bursts)]
    now = [reminder(i, f'at = "{at_text(at)}";').replace('"all"', '"team:busy"') for i, at in enumerate(dues)]
    later = [reminder(bursts + i, f'calendar = "2099-01-{1 + i % 28:02} {i % 24:02}:{i % 60:02}";') for i in range(reminders)]
    daemon = Daemon(build, folder, house(folder, [sink.url()], people, ",".join(now + later), concurrency=64,
                                         teams=lambda i: "busy" if i < due_people else ""))
    if time.time() > due - 1:
        raise SystemExit("the machine is too slow for this bench: it was due before it was ready")
    sink.ask("/reset")
    costs = []
    for turn, at in enumerate(dues):
        time.sleep(max(at - 0.5 - time.time(), 0))
        before = run_ns(daemon.process.pid)
        wait_count(sink, due_people * (turn + 1), 60)
        time.sleep(0.5)
        costs.append((run_ns(daemon.process.pid) - before) / due_people)
    daemon.stop()
    shutil.rmtree(folder)
    return min(costs), size


def due_among(build, quick):
    """1,000 due among few and among many schedules: what each costs."""
    sink = Sink(build)
    few, _ = cpu_of_due(build, sink, 1000, 1, 1000, 5)
    many, size = cpu_of_due(build, sink, 10000, 10 if quick else 100, 1000, 5)
    sink.close()
    print(f"cpu_of_1000_due_among_{size:,} {many / few:.2f} times that among 1,000 ({many / 1000:.1f} to {few / 1000:.1f} µs a message)", flush=True)


def all_due(build, quick):
    """Everything due at once, and ten times as much: what each costs, and the memory."""
    sink, people = Sink(build), 2000 if quick else 10000
    small, large = (one_dispatch(build, sink, people, reminders, lead=8 + people * reminders // 50000) for reminders in (10, 100))
    sink.close()
    few, many = small[1] / (people * 10), large[1] / (people * 100)
    print(f"cpu_of_{people * 100:,}_due_at_once {many / few:.2f} times that of {people * 10:,} ({many * 1e6:.1f} to {few * 1e6:.1f} µs a message), "
          f"{large[3]:.0f} MB to {small[3]:.0f} MB", flush=True)


def bench(build, quick):
    due_among(build, quick)
    all_due(build, quick)
    beside_broken(build, quick)
    beside_dead_hosts(build, quick)
    while_reloading(build, quick)
    after_many(build, quick)
