"""Published recurrences: libical's own test files (vectors/README.md), and the examples of RFC 5545 section
3.8.5.3 in New York and of RFC 7529. Each is the same here, is refused with the part named, or is listed
with the reason why it is read differently."""

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from nexts import instant

VECTORS = Path(__file__).parent / "vectors"


def vectors(path):
    """(rule, start, START-AT, instances or None where libical refuses the rule)."""
    for block in re.split(r"\n\s*\n", path.read_text(encoding="utf-8")):
        found = dict(line.split(":", 1) for line in block.splitlines() if line and not line.startswith("#"))
        if "RRULE" in found:
            instances = found["INSTANCES"].strip()
            refused = instances.startswith("***")
            yield found["RRULE"], found["DTSTART"], found.get("START-AT"), None if refused else instances.split(",")


def local(text):
    text = text.strip().rstrip("Z")
    return datetime.strptime(text, "%Y%m%dT%H%M%S" if "T" in text else "%Y%m%d")


def ask(nexts, rule, start, zone, count, after=None, **more):
    begin = after or start - timedelta(days=2)
    return nexts.answer(**{
        "rrule": rule, "start": start.isoformat(), "timezone": zone, "count": count, "dst_gap": "skip",
        "from": begin.strftime("%Y-%m-%dT%H:%M:%SZ"), **more})


# The parts that are not built, each named in the complaint.
REFUSED = re.compile(
    r"BY(WEEKNO|YEARDAY|SECOND) is not supported|FREQ: nothing finer than DAILY|BYMONTHDAY with FREQ=YEARLY needs BYMONTH|"
    r"BYMONTHDAY: -29 to -31 do not go with moving short months|RSCALE: expected"
)
# (file's rule, start): why ours is another.
OURS_IS_OTHER = {
    ("FREQ=DAILY;BYMINUTE=1,2,3,4;INTERVAL=2;COUNT=3", "20241018"):
        "BYMINUTE is ignored there because the start is a date; here every start has a time",
}


@pytest.mark.parametrize("file, same", [("icalrecur_test.txt", 80), ("icalrecur_test_rscale.txt", 7)])
def test_the_recurrences_of_libical_are_the_same_or_refused_by_name(nexts, file, same):
    refused, other, compared = [], set(), 0
    for rule, start, start_at, instances in vectors(VECTORS / "libical" / file):
        ends = "COUNT" in rule or "UNTIL" in rule
        count = len(instances or [])
        answer = ask(nexts, rule, local(start), "UTC", max(count + ends, 1))
        if "error" in answer:
            assert REFUSED.search(answer["error"]), (rule, answer)
            refused.append(rule)
            continue
        assert instances, rule
        want = [at.strftime("%Y-%m-%dT%H:%M:%SZ") for at in map(local, instances)]
        if (rule, start) in OURS_IS_OTHER:
            assert answer["next"] != want
            other.add((rule, start))
            continue
        assert answer["next"] == want, (rule, start)
        if start_at:
            after = local(start_at) - timedelta(seconds=1)
            rest = [at for at in want if at > after.strftime("%Y-%m-%dT%H:%M:%SZ")]
            assert ask(nexts, rule, local(start), "UTC", len(rest) + ends, after)["next"] == rest, (rule, start_at)
        compared += 1
    print(f"{file}: {compared} the same, {len(refused)} refused, {len(other)} read differently")
    assert compared == same
    assert other == {key for key in OURS_IS_OTHER if file == "icalrecur_test.txt"}


MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def dates(text):
    """ "1997 Sep 2-4,9 Oct 1; 1998 Jan 1" as dates."""
    found = []
    for year in text.split(";"):
        number, *words = year.split()
        for month, days in zip(words[::2], words[1::2]):
            for part in days.split(","):
                first, _, last = part.partition("-")
                found += [date(int(number), MONTHS.index(month) + 1, day) for day in range(int(first), int(last or first) + 1)]
    return found


JANUARY = "; ".join(f"{year} Jan 1-31" for year in (1998, 1999, 2000))
TUESDAYS = "1997 Sep 2,9,16,23,30 Oct 7,14,21,28 Nov 4"
TWO_DAYS = "1997 Sep 2,4,9,11,16,18,23,25,30 Oct 2"
EVERY_OTHER = "1997 Sep 1,3,5,15,17,19,29 Oct 1,3,13,15,17,27,29,31 Nov 10,12,14,24,26,28 Dec 8,10,12,22"

# RFC 5545, 3.8.5.3: rule, DTSTART in New York (at 9:00), the dates it gives. A rule without an end has its
# first ones.
RFC_5545 = [
    ("FREQ=DAILY;COUNT=10", "19970902", "1997 Sep 2-11"),
    ("FREQ=DAILY;UNTIL=19971224T000000Z", "19970902", "1997 Sep 2-30 Oct 1-31 Nov 1-30 Dec 1-23"),
    ("FREQ=DAILY;INTERVAL=2", "19970902", "1997 Sep 2,4,6,8,10,12,14,16,18,20,22,24,26,28,30 Oct 2,4,6,8,10,12,14,16,18,20"
     ",22,24,26,28,30 Nov 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29 Dec 1,3"),
    ("FREQ=DAILY;INTERVAL=10;COUNT=5", "19970902", "1997 Sep 2,12,22 Oct 2,12"),
    ("FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA", "19980101", JANUARY),
    ("FREQ=DAILY;UNTIL=20000131T140000Z;BYMONTH=1", "19980101", JANUARY),
    ("FREQ=WEEKLY;COUNT=10", "19970902", TUESDAYS),
    ("FREQ=WEEKLY;UNTIL=19971224T000000Z", "19970902", TUESDAYS + ",11,18,25 Dec 2,9,16,23"),
    ("FREQ=WEEKLY;INTERVAL=2;WKST=SU", "19970902", "1997 Sep 2,16,30 Oct 14,28 Nov 11,25 Dec 9,23; 1998 Jan 6,20 Feb 3,17"),
    ("FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH", "19970902", TWO_DAYS),
    ("FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH", "19970902", TWO_DAYS),
    ("FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR", "19970901", EVERY_OTHER),
    ("FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH", "19970902", "1997 Sep 2,4,16,18,30 Oct 2,14,16"),
    ("FREQ=MONTHLY;COUNT=10;BYDAY=1FR", "19970905", "1997 Sep 5 Oct 3 Nov 7 Dec 5; 1998 Jan 2 Feb 6 Mar 6 Apr 3 May 1 Jun 5"),
    ("FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR", "19970905", "1997 Sep 5 Oct 3 Nov 7 Dec 5"),
    ("FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU", "19970907",
     "1997 Sep 7,28 Nov 2,30; 1998 Jan 4,25 Mar 1,29 May 3,31"),
    ("FREQ=MONTHLY;COUNT=6;BYDAY=-2MO", "19970922", "1997 Sep 22 Oct 20 Nov 17 Dec 22; 1998 Jan 19 Feb 16"),
    ("FREQ=MONTHLY;BYMONTHDAY=-3", "19970928", "1997 Sep 28 Oct 29 Nov 28 Dec 29; 1998 Jan 29 Feb 26"),
    ("FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15", "19970902", "1997 Sep 2,15 Oct 2,15 Nov 2,15 Dec 2,15; 1998 Jan 2,15"),
    ("FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1", "19970930", "1997 Sep 30 Oct 1,31 Nov 1,30 Dec 1,31; 1998 Jan 1,31 Feb 1"),
    ("FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15", "19970910", "1997 Sep 10-15; 1999 Mar 10-13"),
    ("FREQ=MONTHLY;INTERVAL=2;BYDAY=TU", "19970902",
     "1997 Sep 2,9,16,23,30 Nov 4,11,18,25; 1998 Jan 6,13,20,27 Mar 3,10,17,24,31"),
    ("FREQ=YEARLY;COUNT=10;BYMONTH=6,7", "19970610", "; ".join(f"{year} Jun 10 Jul 10" for year in range(1997, 2002))),
    ("FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3", "19970310",
     "1997 Mar 10; " + "; ".join(f"{year} Jan 10 Feb 10 Mar 10" for year in (1999, 2001, 2003))),
    ("FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200", "19970101", "BYYEARDAY"),
    ("FREQ=YEARLY;BYDAY=20MO", "19970519", "1997 May 19; 1998 May 18; 1999 May 17"),
    ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "19970512", "BYWEEKNO"),
    ("FREQ=YEARLY;BYMONTH=3;BYDAY=TH", "19970313", "1997 Mar 13,20,27; 1998 Mar 5,12,19,26; 1999 Mar 4,11,18,25"),
    ("FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8", "19970605",
     "1997 Jun 5,12,19,26 Jul 3,10,17,24,31 Aug 7,14,21,28; 1998 Jun 4,11,18,25 Jul 2,9,16,23,30 Aug 6,13,20,27; "
     "1999 Jun 3,10,17,24 Jul 1,8,15,22,29 Aug 5,12,19,26"),
    ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "19970902", "1998 Feb 13 Mar 13 Nov 13; 1999 Aug 13; 2000 Oct 13"),
    ("FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13", "19970913",
     "1997 Sep 13 Oct 11 Nov 8 Dec 13; 1998 Jan 10 Feb 7 Mar 7 Apr 11 May 9 Jun 13"),
    ("FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8", "19961105", "1996 Nov 5; 2000 Nov 7; 2004 Nov 2"),
    ("FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "19970904", "1997 Sep 4 Oct 7 Nov 6"),
    ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", "19970929",
     "1997 Sep 29 Oct 30 Nov 27 Dec 30; 1998 Jan 29 Feb 26 Mar 30"),
    ("FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000Z", "19970902", "FREQ"),
    ("FREQ=MINUTELY;INTERVAL=15;COUNT=6", "19970902", "FREQ"),
    ("FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16", "19970902", "FREQ"),
    ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "19970805", "1997 Aug 5,10,19,24"),
    ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "19970805", "1997 Aug 5,17,19,31"),
    ("FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", "20070115", "2007 Jan 15,30 Feb 15 Mar 15,30"),
]

# RFC 7529, 4.1 and 7: SKIP, and the leap day.
RFC_7529 = [
    ("RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=OMIT;COUNT=4", "20140131", "2014 Jan 31 Mar 31 May 31 Jul 31"),
    ("RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD;COUNT=4", "20140131", "2014 Jan 31 Feb 28 Mar 31 Apr 30"),
    ("RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=FORWARD;COUNT=4", "20140131", "2014 Jan 31 Mar 1,31 May 1"),
    ("RSCALE=GREGORIAN;FREQ=YEARLY;COUNT=3", "20120229", "2012 Feb 29; 2016 Feb 29; 2020 Feb 29"),
    ("RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=FORWARD;COUNT=5", "20160229",
     "2016 Feb 29; 2017 Mar 1; 2018 Mar 1; 2019 Mar 1; 2020 Feb 29"),
    ("RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=BACKWARD;COUNT=5", "20160229",
     "2016 Feb 29; 2017 Feb 28; 2018 Feb 28; 2019 Feb 28; 2020 Feb 29"),
    ("RSCALE=CHINESE;FREQ=YEARLY", "20130210", "RSCALE"),
    ("RSCALE=ETHIOPIC;FREQ=MONTHLY;BYMONTH=13", "20130906", "RSCALE"),
    ("RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=5L;BYMONTHDAY=8;SKIP=FORWARD", "20140208", "RSCALE"),
]


@pytest.mark.parametrize("rule, start, expected", RFC_5545 + RFC_7529)
def test_the_examples_of_the_standards_are_as_they_say(nexts, rule, start, expected):
    first = local(start + "T090000")
    zone = ZoneInfo("America/New_York")
    if expected.isupper():
        assert ask(nexts, rule, first, "America/New_York", 1)["error"].startswith(expected)
        return
    want = [datetime(day.year, day.month, day.day, 9, tzinfo=zone) for day in dates(expected)]
    ends = "COUNT" in rule or "UNTIL" in rule
    answer = ask(nexts, rule, first, "America/New_York", len(want) + ends)
    assert [instant(at) for at in answer["next"]] == [int(at.timestamp()) for at in want]


def test_an_excluded_start_is_left_out_as_the_standard_shows(nexts):
    """Every Friday the 13th, with the EXDATE of its example and one more."""
    answer = ask(nexts, "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", local("19970902T090000"), "America/New_York", 1,
                 exdate=["1997-09-02T09:00", "1998-02-13T09:00"])
    assert answer["next"] == ["1998-03-13T14:00:00Z"]
