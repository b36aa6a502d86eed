"""Nights on which the clock changes, years that end, clocks that are set, and new rules of time zones.

The daemon alone is told what time it is. Zones are made here by zic, so that no answer depends on the system's tzdata."""

import os
import shutil
import signal
import subprocess
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from scenario.harness import SANITIZED, eventually, hook, person, reminder

# The rules as they are in 2026, and for ever here.
ZONES = """
Rule EU min max - Mar lastSun 1:00u 1:00 S
Rule EU min max - Oct lastSun 1:00u 0 -
Rule US min max - Mar Sun>=8 2:00 1:00 D
Rule US min max - Nov Sun>=1 2:00 0 S
Rule LH min max - Oct Sun>=1 2:00 0:30 -
Rule LH min max - Apr Sun>=1 2:00 0 -
Rule CL min max - Apr Sun>=2 3:00u 0 -
Rule CL min max - Sep Sun>=2 4:00u 1:00 -
Rule EG min max - Apr lastFri 0:00 1:00 S
Rule EG min max - Oct lastThu 24:00 0 -
Zone Test/Berlin 1:00 EU CE%sT
Zone Test/NewYork -5:00 US E%sT
Zone Test/LordHowe 10:30 LH +1030/+11
Zone Test/Santiago -4:00 CL -04/-03
Zone Test/Cairo 2:00 EG EE%sT
"""
HOME = "Zone Test/Home {} - HOME\n"


def compile_zones(folder, text):
    """zic makes each file anew and renames it, as a package tool does."""
    source = Path(folder).with_suffix(".zi")
    source.write_text(text, encoding="ascii")
    made = Path(folder).with_suffix(".made")
    subprocess.run(["/usr/sbin/zic", "-b", "fat", "-d", str(made), str(source)], check=True)
    for file in (f for f in made.rglob("*") if f.is_file()):
        to = Path(folder) / file.relative_to(made)
        to.parent.mkdir(parents=True, exist_ok=True)
        os.replace(file, to)
    shutil.rmtree(made)


@pytest.fixture
def zones(tmp_path):
    compile_zones(tmp_path / "zones", ZONES + HOME.format("2:00"))
    return tmp_path / "zones"


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def clock(instant):
    return instant.strftime("@%Y-%m-%d %H:%M:%S")


LEAD = 6 if SANITIZED else 3  # seconds between the start of a daemon and what it is started for


def begin(daemon, instant, zones=None):
    """Accepts the reminders long before: at a clean start nothing is due."""
    environment = {"TZDIR": str(zones)} if zones else None
    daemon.start(clock=clock(instant), environment=environment)
    daemon.stop()
    return environment


def dues(receiver, id):
    return sorted(i["due"] for a in receiver.all() for i in a.items if i["reminder"] == id)


def place(zone, more=""):
    return f'{{ id = "here"; timezone = "{zone}"; {more} }},'


def calendar(id, when, more="", to="ana"):
    return reminder(id, to, f'calendar = "{when}"', more)


def stamp(instant, seconds=0):
    return f"{instant + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


class Night:
    """One daemon in one zone around one change of its clock; its messages have a path of their own."""

    def __init__(self, nudged, receiver, zones, zone, change, reminders):
        self.change = at(change)
        self.path = "/" + zone.split("/")[1]
        self.receiver = receiver
        self.environment = {"TZDIR": str(zones)}
        self.daemon = nudged(channels=hook(receiver, path=self.path), places=place(zone),
                             people=person("ana", 'place = "here";'), reminders=reminders)

    def spawn(self, seconds):
        self.daemon.spawn(clock=clock(self.change + timedelta(seconds=seconds)), environment=self.environment)

    def wait(self, id, *seconds):
        wanted = {stamp(self.change, s) for s in seconds}
        eventually(f"{self.path} {id} {wanted} of {self.dues(id)}", lambda: wanted <= set(self.dues(id)))

    def dues(self, id):
        return sorted(i["due"] for a in self.receiver.all(path=self.path) for i in a.items if i["reminder"] == id)

    def assert_once(self, id, *seconds):
        assert self.dues(id) == [stamp(self.change, s) for s in seconds], (self.path, id)

    def assert_regular(self, id, *seconds):
        """Every fourth second, each once, those of `seconds` among them."""
        seen = self.dues(id)
        assert len(seen) == len(set(seen)) and {stamp(self.change, s) for s in seconds} <= set(seen), (self.path, id, seen)
        assert not [s for s in seen if int(s[17:19]) % 4], (self.path, id, seen)


def start_all(nights, seconds):
    for night in nights:
        night.spawn(seconds)
    for night in nights:
        eventually("the daemon answers", night.daemon.answers)


def stop_all(nights):
    for night in nights:
        night.daemon.stop()


TICKS = (calendar("wild", "*:*:0/4") + reminder("elapsed", "ana", 'every = "4s"; start = "2026-01-01T00:00:00Z"'))

# The zone, the instant of the change, and local times: two seconds before it, inside the gap, two seconds after it.
SPRING = [
    ("Test/Berlin", "2026-03-29 01:00:00", "01:59:58", "02:30:00", "03:00:02"),
    ("Test/NewYork", "2026-03-08 07:00:00", "01:59:58", "02:30:00", "03:00:02"),
    ("Test/LordHowe", "2026-10-03 15:30:00", "01:59:58", "02:15:00", "02:30:02"),
    # A gap at midnight: the day begins at one.
    ("Test/Santiago", "2026-09-06 04:00:00", "23:59:58", "00:30:00", "01:00:02"),
    ("Test/Cairo", "2026-04-23 22:00:00", "23:59:58", "00:00:00", "01:00:02"),
]


def test_a_clock_that_is_put_forward_while_it_runs_loses_nothing_and_repeats_nothing(nudged, receiver, zones):
    """What the gap swallows goes at the first instant after it, or is recorded as skipped where dst_gap says so."""
    nights = [Night(nudged, receiver, zones, zone, change,
                    calendar("before", before) + calendar("inside", inside) + calendar("skips", inside, 'dst_gap = "skip";') +
                    calendar("after", after) + TICKS)
              for zone, change, before, inside, after in SPRING]
    start_all(nights, -120)
    stop_all(nights)
    start_all(nights, -LEAD)
    for night in nights:
        night.wait("wild", 0, 4)
        night.wait("elapsed", 0, 4)
        night.assert_once("before", -2)
        night.assert_once("inside", 0)
        night.assert_once("after", 2)
        night.assert_once("skips")
        assert [e.message.count("does not exist") for e in night.daemon.events("skipped")] == [1]
        night.assert_regular("wild", 0, 4)
        night.assert_regular("elapsed", 0, 4)
    stop_all(nights)
    before = len(receiver.all())
    for night in nights:
        night.daemon.write(reminders=night.daemon.sections["reminders"].replace(TICKS, ""))
    start_all(nights, 60)
    stop_all(nights)
    assert len(receiver.all()) == before


# The zone, the instant at which the second pass begins, the first pass's begin before it, and local times: two seconds
# after the beginning of a pass, two seconds before its end.
AUTUMN = [
    ("Test/Berlin", "2026-10-25 01:00:00", 3600, "02:00:02", "02:59:58"),
    ("Test/NewYork", "2026-11-01 06:00:00", 3600, "01:00:02", "01:59:58"),
    ("Test/LordHowe", "2026-04-04 15:00:00", 1800, "01:30:02", "01:59:58"),
    ("Test/Santiago", "2026-04-05 03:00:00", 3600, "23:00:02", "23:59:58"),
    ("Test/Cairo", "2026-10-29 21:00:00", 3600, "23:00:02", "23:59:58"),
]


def test_a_clock_that_is_put_back_while_it_runs_loses_nothing_and_repeats_nothing(nudged, receiver, zones):
    """A time that comes twice goes the first time, or the last, or both, as dst_overlap says; wild ones go both times."""
    nights = [Night(nudged, receiver, zones, zone, change,
                    calendar("first", begin) + calendar("last", begin, 'dst_overlap = "last";') +
                    calendar("both", begin, 'dst_overlap = "both";') + calendar("end", end) + TICKS)
              for zone, change, _, begin, end in AUTUMN]
    length = {n: a[2] for n, a in zip(nights, AUTUMN)}
    for night in nights:
        night.spawn(-length[night] - 120)
    for night in nights:
        eventually("the daemon answers", night.daemon.answers)
    stop_all(nights)
    for night in nights:
        night.spawn(-length[night] - LEAD)
    for night in nights:
        night.wait("first", -length[night] + 2)
        night.wait("both", -length[night] + 2)
    stop_all(nights)
    start_all(nights, -LEAD)
    for night in nights:
        night.wait("wild", 0, 4)
        night.wait("elapsed", 0, 4)
        night.assert_once("first", -length[night] + 2)
        night.assert_once("both", -length[night] + 2, 2)
        night.assert_once("last", 2)
        night.assert_once("end", -2)
        night.assert_regular("wild", 0, 4)
        night.assert_regular("elapsed", 0, 4)


def test_downtime_over_a_change_of_the_clock_is_caught_up_on_once(nudged, receiver, zones):
    """Down from before the change until after it: one of each reminder, whatever it named."""
    spring = Night(nudged, receiver, zones, "Test/Berlin", "2026-03-29 01:00:00",
                   calendar("gap", "02:30") + calendar("both-sides", "01..03:50") + calendar("wild", "*:0/10"))
    autumn = Night(nudged, receiver, zones, "Test/NewYork", "2026-11-01 06:00:00",
                   calendar("twice", "01:30", 'grace = "2h";') + calendar("twice-all", "01:30", 'dst_overlap = "both"; catch_up = "all"; grace = "2h";') +
                   calendar("wild", "*:0/10"))
    nights = [spring, autumn]
    start_all(nights, -3700)
    stop_all(nights)
    start_all(nights, 2400 + 1)
    spring.wait("wild", 2400)
    autumn.wait("wild", 2400)
    spring.wait("gap", 0)
    spring.wait("both-sides", 0)
    autumn.wait("twice", -1800)
    autumn.wait("twice-all", -1800, 1800)
    stop_all(nights)
    start_all(nights, 2400 + 10)
    stop_all(nights)
    spring.assert_once("wild", 2400)
    autumn.assert_once("wild", 2400)
    spring.assert_once("gap", 0)
    spring.assert_once("both-sides", 0)
    autumn.assert_once("twice", -1800)
    autumn.assert_once("twice-all", -1800, 1800)


# ---- dates ----

DATES = [
    # When it starts, the schedules and the seconds after which each goes; None: not then.
    ("2028-02-29 12:00:00", {"*-02-29 12:00:08": 8, "*-02~01 12:00:09": 9, "*-02-28 12:00:08": None}),
    ("2028-02-29 23:59:54", {"*-03-01 00:00:02": 8}),
    ("2100-02-28 23:59:54", {"*-03-01 00:00:02": 8, "*-02-29 00:00:02": None}),
    ("2026-12-31 23:59:54", {"*-12-31 23:59:59": 5, "*-*-01 00:00:02": 8, "2027-01-01 00:00:03": 9}),
    ("2038-01-19 03:14:00", {"*:*:7": 7, "*:*:8": 8, "2038-01-19 03:14:09": 9}),
    ("2106-02-07 06:28:10", {"*:*:15": 5, "*:*:16": 6, "2106-02-07 06:28:17": 7}),
    ("2199-12-31 23:59:51", {"*:*:58": 7, "23:59:59": 8, "00:00:02": None}),
]


def test_leap_days_the_end_of_a_year_and_of_32_bits_are_days_like_others(nudged, receiver, zones):
    """The last instant that a schedule can have is the last second of 2199."""
    houses = []
    for n, (start, schedules) in enumerate(DATES):
        going = {s: after for s, after in schedules.items() if after is not None}
        never = [s for s in schedules if s not in going]
        reminders = "".join(calendar(f"r{i}", s) for i, s in enumerate([*going, *never]))
        house = Night(nudged, receiver, zones, f"Test/{n}", start, reminders)
        house.daemon.write(places="", people=person("ana"))
        house.going = going
        house.never = [f"r{i}" for i in range(len(going), len(going) + len(never))]
        houses.append(house)
    start_all(houses, -20)
    stop_all(houses)
    start_all(houses, 0)
    for house in houses:
        for i, after in enumerate(house.going.values()):
            house.wait(f"r{i}", after)
    last = houses[-1].daemon
    eventually("nothing comes after 2199", lambda: last.status()["next"] is None)
    for house in houses:
        for i, after in enumerate(house.going.values()):
            house.assert_once(f"r{i}", after)
        assert not [r for r in house.never if house.dues(r)]


# ---- new rules of a time zone ----

@pytest.fixture
def home(nudged, receiver, zones):
    """A daemon with people two hours east of UTC, half past eight UTC, that has run since seven."""

    def make(*reminders, start="2026-06-03 08:30:00", accepted="2026-06-03 07:00:00", **how):
        daemon = nudged(channels=hook(receiver), places=place("Test/Home"), people=person("ana", 'place = "here";') + person("utc"),
                        reminders="".join(reminders))
        environment = begin(daemon, at(accepted), zones)
        return daemon.start(clock=clock(at(start)), environment=environment, **how)

    return make


def test_a_slot_that_new_rules_put_into_the_past_is_caught_up_on_while_it_runs(home, receiver, zones):
    daemon = home(calendar("eleven", "11:00"), calendar("twelve", "12:00"))
    compile_zones(zones, ZONES + HOME.format("3:00"))
    assert "Test/Home" in daemon.wait("file_changed")[0].message
    receiver.wait(1)
    assert dues(receiver, "eleven") == ["2026-06-03T08:00:00Z"]
    assert daemon.rows("list", "--all")
    daemon.stop()
    daemon.start(clock="@2026-06-03 08:59:57", environment={"TZDIR": str(zones)})
    receiver.wait(2)
    assert dues(receiver, "twelve") == ["2026-06-03T09:00:00Z"] and len(receiver.all()) == 2


def test_a_slot_that_new_rules_put_off_does_not_go_at_the_old_time(home, receiver, zones):
    daemon = home(calendar("eleven", "11:00"), calendar("probe", "09:00:01 UTC", to="utc"), start="2026-06-03 08:59:45")
    compile_zones(zones, ZONES + HOME.format("1:00"))
    daemon.wait("file_changed")
    receiver.wait(1, reminder="probe")
    assert not receiver.all(reminder="eleven")
    daemon.stop()
    daemon.start(clock="@2026-06-03 09:59:57", environment={"TZDIR": str(zones)})
    receiver.wait(1, reminder="eleven")
    assert dues(receiver, "eleven") == ["2026-06-03T10:00:00Z"]


def test_a_day_that_new_rules_leave_out_is_recorded_as_skipped(home, receiver, zones):
    """A country goes to the other side of the date line: the fourth of June is not there."""
    compile_zones(zones, ZONES + HOME.format("-10:00"))
    daemon = home(calendar("lost", "2026-06-04 09:00"), calendar("next", "2026-06-05 00:00:02"), start="2026-06-04 09:59:48")
    compile_zones(zones, ZONES + "Zone Test/Home -10:00 - OLD 2026 Jun 4 0:00\n 14:00 - NEW\n")
    daemon.wait("file_changed")
    receiver.wait(1, reminder="next")
    assert dues(receiver, "next") == ["2026-06-04T10:00:02Z"]
    assert "does not exist" in daemon.wait("skipped", reminder="lost")[0].message
    assert not receiver.all(reminder="lost")


def test_a_zone_file_that_is_damaged_or_gone_leaves_the_old_rules_until_it_is_mended(home, receiver, zones):
    daemon = home(calendar("eleven", "11:00"), calendar("later", "11:01"), start="2026-06-03 08:59:45")
    file = zones / "Test/Home"
    good = file.read_bytes()
    file.write_bytes(good[:60])
    assert "damaged" in daemon.wait("file_unusable")[0].message
    file.unlink()
    receiver.wait(1, reminder="eleven")
    daemon.reload(refused=True)
    assert any("no such time zone" in line for line in daemon.log)
    file.write_bytes(good)
    daemon.wait("file_changed")
    assert len(daemon.events("file_unusable")) == 1
    daemon.reload()
    compile_zones(zones, ZONES + HOME.format("3:00"))
    receiver.wait(1, reminder="later")
    assert dues(receiver, "eleven") == ["2026-06-03T09:00:00Z"] and dues(receiver, "later") == ["2026-06-03T08:01:00Z"]


def test_a_calendar_that_is_replaced_decides_what_is_still_to_come(nudged, receiver, zones):
    event = "BEGIN:VEVENT\nUID:{0}\nDTSTART;VALUE=DATE:{0}\nEND:VEVENT\n"
    calendar_of = lambda *dates: "BEGIN:VCALENDAR\nVERSION:2.0\n" + "".join(event.format(d) for d in dates) + "END:VCALENDAR\n"  # noqa: E731
    daemon = nudged(channels=hook(receiver), people=person("ana", 'absence = [ "ana.ics" ];') + person("utc"),
                    reminders=calendar("nine", "09:00", to="ana utc"))
    file = daemon.folder / "ana.ics"
    file.write_text(calendar_of())
    file.chmod(0o600)
    begin(daemon, at("2026-06-03 07:00:00"))
    daemon.start(clock="@2026-06-03 08:59:45")
    new = daemon.folder / "ana.new"
    new.write_text(calendar_of("20260603"))
    new.chmod(0o600)
    new.replace(file)
    daemon.wait("file_changed")
    receiver.wait(1, person="utc")
    assert "away" in daemon.wait("skipped", person="ana")[0].message
    assert not receiver.all(person="ana")


@pytest.mark.parametrize("call", ["inotify_add_watch:error=ENOSPC", "inotify_init1:error=EMFILE"])
def test_where_files_cannot_be_watched_it_is_said_once_and_a_reload_takes_new_rules(home, receiver, zones, call):
    daemon = home(calendar("eleven", "11:00"), wrap=("strace", "-D", "-f", "-o", "/dev/null", "-e", f"inject={call}"))
    said = lambda: [line for line in daemon.log if "next reload only" in line]  # noqa: E731
    eventually("it is said", said)
    assert len(said()) == 1 and "fs.inotify.max_user" in said()[0]
    compile_zones(zones, ZONES + HOME.format("3:00"))
    daemon.reload()
    daemon.wait("file_changed")
    receiver.wait(1)
    assert dues(receiver, "eleven") == ["2026-06-03T08:00:00Z"]


# ---- clocks that are set, machines that sleep ----

def test_a_clock_that_was_set_back_an_hour_repeats_nothing_and_goes_on_where_it_was(nudged, receiver):
    both = calendar("nine", "09:00:01") + calendar("ten", "10:00:01")
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=both)
    begin(daemon, at("2026-06-03 08:30:00"))
    for start in ("09:59:59", "08:59:59", "09:59:59"):
        daemon.start(clock=f"@2026-06-03 {start}")
        receiver.wait(2)
        time.sleep(4)  # past the slot, by its clock
        daemon.stop()
        assert dues(receiver, "nine") == ["2026-06-03T09:00:01Z"] and dues(receiver, "ten") == ["2026-06-03T10:00:01Z"]
    daemon.start(clock="@2026-06-04 08:59:59")
    receiver.wait(1, reminder="nine")
    receiver.wait(3)
    assert dues(receiver, "nine") == ["2026-06-03T09:00:01Z", "2026-06-04T09:00:01Z"]


def test_a_daemon_that_was_stopped_for_a_while_sends_what_came_due_meanwhile_once(nudged, receiver):
    daemon = nudged(channels=hook(receiver), people=person("ana"), reminders=calendar("tick", "*:*:*")).start()
    receiver.wait(2)
    daemon.process.send_signal(signal.SIGSTOP)
    time.sleep(3)
    daemon.process.send_signal(signal.SIGCONT)
    receiver.wait(len(receiver.all()) + 5)
    daemon.stop()
    seen = dues(receiver, "tick")
    first = datetime.fromisoformat(seen[0][:-1])
    assert seen == [f"{first + timedelta(seconds=n):%Y-%m-%dT%H:%M:%SZ}" for n in range(len(seen))]
