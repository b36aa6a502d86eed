"""Random recurrence rules, shared by the tests that compare them with other programs."""

from datetime import datetime, timedelta

DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


def some(rng, values, most=3):
    return sorted(rng.sample(list(values), rng.randint(1, most)))


def joined(values):
    return ",".join(str(value) for value in values)


def signed(rng, most, count):
    return [value for value in some(rng, range(-most, most + 1), count) if value] or [1]


def byday(rng, freq, has_month, mixed, weeks):
    days = rng.sample(DAYS, rng.randint(1, 4))
    if freq in ("MONTHLY", "YEARLY") and rng.random() < 0.5:
        in_year = freq == "YEARLY" and not has_month
        numbered = [f"{rng.choice([-1, 1]) * rng.randint(1, weeks if in_year else 5)}{day}" for day in days]
        return numbered + (rng.sample(DAYS, 1) if mixed and not in_year and rng.random() < 0.2 else [])
    return days


def rule(rng, mixed=False, weeks=53, positions=("MONTHLY", "YEARLY")):
    """mixed: also plain and numbered weekdays of a month together. weeks: the highest number of a weekday
    of the year. positions: the frequencies with BYSETPOS."""
    freq = rng.choice(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
    parts = [f"FREQ={freq}"]
    if rng.random() < 0.5:
        parts.append(f"INTERVAL={rng.randint(2, 60 if freq == 'DAILY' else 7)}")
    has_month = rng.random() < 0.35
    if has_month:
        parts.append(f"BYMONTH={joined(some(rng, range(1, 13), 5))}")
    has_by = False
    if freq in ("DAILY", "MONTHLY") or (freq == "YEARLY" and has_month):
        if rng.random() < 0.4:
            parts.append(f"BYMONTHDAY={joined(signed(rng, 31, 6))}")
            has_by = True
    if rng.random() < 0.5:
        parts.append(f"BYDAY={joined(byday(rng, freq, has_month, mixed, weeks))}")
        has_by = True
    if rng.random() < 0.3:
        parts.append(f"BYHOUR={joined(some(rng, range(24), 4))}")
    if rng.random() < 0.3:
        parts.append(f"BYMINUTE={joined(some(rng, range(60), 3))}")
    if rng.random() < 0.3:
        parts.append(f"WKST={rng.choice(DAYS)}")
    if has_by and freq in positions and rng.random() < 0.4:
        parts.append(f"BYSETPOS={joined(signed(rng, 6, 3))}")
    return ";".join(parts)


def start(rng):
    return datetime(2000, 1, 1) + timedelta(seconds=rng.randrange(0, 40 * 365 * 86400, 60))
