"""Digests: what they sum up, for whom, and what they never tell."""

import re

import pytest

from scenario.harness import hook, person, reminder

pytestmark = pytest.mark.sanitized

CANARY = "Ich habe den Kanarienvogel gefunden."


def digest(of, to, more=""):
    return reminder("sum", to, 'calendar = "16:00"', f'kind = "digest"; digest = "{of}"; {more}').replace(
        'kind = "practice"; ', "").replace('text = "Practise sum."; ', more and "")


class Week:
    """People who practise at nine, and a digest at four in the afternoon."""

    def __init__(self, nudged, receiver, digests, names="ana bo cy", more=None):
        team = 'teams = [ "crew" ]; manager = "sam";'
        self.daemon = nudged(channels=hook(receiver),
                             people="".join(person(n, team + (more or {}).get(n, "")) for n in names.split()) + person("sam"),
                             reminders=reminder("stretch", "team:crew", 'calendar = "09:00"') + digests)
        self.receiver = receiver

    def morning(self, day, **answers):
        """Starts five seconds before nine and gives the answers, each with its text or without."""
        if self.daemon.process:
            self.daemon.stop()
        before = len(self.receiver.all())
        self.daemon.start(clock=f"@2026-06-{day:02} 08:59:55")
        arrivals = self.receiver.wait(before + 3)[before:]
        for arrival in arrivals:
            if arrival.person in answers:
                status, _ = self.daemon.answer(arrival.items[0]["answer_url"], **answers[arrival.person])
                assert status == 200
        return self

    def afternoon(self, day, count=1):
        self.daemon.stop()
        before = len(self.receiver.all())
        self.daemon.start(clock=f"@2026-06-{day:02} 15:59:55")
        return {a.person: a.items[0]["text"] for a in self.receiver.wait(before + count)[before:]}


def test_ones_own_digest_has_the_record_the_shared_lines_and_the_week(nudged, receiver):
    week = Week(nudged, receiver, digest("own", "ana bo"), more={"bo": 'partner = "ana";'})
    week.morning(2, ana={"answer": "done"}, bo={"answer": "stuck", "text": CANARY, "share": "partner"})
    week.morning(3, ana={"answer": "stuck", "text": "Nur für mich."})
    said = week.afternoon(3, 2)
    assert "Practised in the last four weeks: 2 of 2 times, and being stuck counts." in said["ana"]
    assert "100 %" not in said["ana"]
    assert "Days of practice in a row: 2" in said["ana"]
    assert "Practised in all: 2 times. This way has no end:\n[....................] 3 %" in said["ana"]
    assert f"Shared with you this week:\n- Bo: {CANARY}" in said["ana"]
    assert re.search(r"The coming week:\n- Thu 2026-06-04 09:00  stretch\n- Fri 2026-06-05 09:00", said["ana"]), said["ana"]
    assert "Nur für mich" not in str(said) and CANARY not in said["bo"]
    assert "Practised in the last four weeks: 1 of 1 time, and being stuck counts." in said["bo"]


def test_a_teams_digest_has_a_total_and_the_lines_meant_for_it(nudged, receiver):
    week = Week(nudged, receiver, digest("team:crew", "sam ana", 'text = "Dear crew. {{digest}}";'))
    week.morning(2, ana={"answer": "done", "text": CANARY, "share": "team"}, bo={"answer": "done", "text": "only me"})
    said = week.afternoon(2, 2)
    assert CANARY not in said["sam"], "who is not in the team reads its words"
    few = said["ana"]
    assert few.startswith("Dear crew. This week fewer than 3 people of crew practised: with so few, no number is told.")
    assert f"Shared with the team:\n- Ana: {CANARY}" in few and "only me" not in few
    week.morning(3, **{n: {"answer": "done"} for n in ("ana", "bo", "cy")})
    many = week.afternoon(3, 2)["sam"]
    assert "Together crew practised 5 times this week; the week before 0." in many
    assert "Cy" not in many and "Bo" not in many


def test_a_managers_digest_names_talks_and_foci_and_no_silence(nudged, receiver):
    talk = reminder("talk", "manager", 'calendar = "Fri 10:00"', 'about = [ "team:crew" ]; title = "One-to-one";')
    focus = 'focus = ( { skill = "naming"; cue = "c"; act = "a"; } );'
    week = Week(nudged, receiver, talk + digest("reports", "sam"), more={"ana": focus})
    week.morning(2, ana={"answer": "done", "text": CANARY, "share": "manager"}, bo={"answer": "done", "text": "only me"})
    said = week.afternoon(2)["sam"]
    assert "Talks in the coming week:\n- Fri 2026-06-05 10:00  One-to-one (Ana), who works on naming\n" in said
    assert "(Bo)" in said and "(Cy)" in said
    assert f"Shared with you this week:\n- Ana: {CANARY}" in said and "only me" not in said
    assert "practised" not in said.lower()


def test_the_programmes_digest_counts_answers_and_what_they_cost(nudged, receiver):
    week = Week(nudged, receiver, digest("programme", "sam"))
    week.morning(2, ana={"answer": "done", "text": CANARY, "share": "team"}, bo={"answer": "less"})
    said = week.afternoon(2)["sam"]
    assert said == "The last four weeks:\n- stretch: asked 2 times, practised 50 %; it cost 1 less and 0 stop"


def test_who_is_held_out_is_told_why_and_stays_so_all_quarter(nudged, receiver):
    names = [f"p{n}" for n in range(40)]
    daemon = nudged(channels=hook(receiver), people="".join(person(n) for n in names),
                    reminders=reminder("tea", "all", 'calendar = "09:00"', 'hold_out = 30; measure = "week";')
                    + reminder("week", "all", 'calendar = "Fri 10:00"')).start(clock="@2026-06-01 08:00:00")
    rows = daemon.rows("preview", "--reminder", "tea", "--from", "2026-06-29", "--to", "2026-07-02")
    sent = {day: {row["person"] for row in rows if row["local"].startswith(day) and row["decision"] != "skipped"}
            for day in ("2026-06-29", "2026-06-30", "2026-07-01", "2026-07-02")}
    assert sent["2026-06-29"] == sent["2026-06-30"] != sent["2026-07-01"] == sent["2026-07-02"]
    assert 4 <= 40 - len(sent["2026-06-29"]) <= 24
    out = next(name for name in names if name not in sent["2026-06-29"])
    explained = daemon.rows("explain", out, "tea", "2026-06-29")[0]
    assert explained["summary"] == "skipped: one of the 30 % who do without it this quarter"
    assert [s["rule"] for s in explained["slots"][0]["steps"] if s["result"] == "decides"] == ["hold-out"]


def test_a_persons_digest_is_shown_to_nobody_else(nudged, receiver):
    week = Week(nudged, receiver, digest("own", "ana bo"), more={"bo": 'partner = "ana";'})
    week.morning(2, ana={"answer": "done"}, bo={"answer": "stuck", "text": CANARY, "share": "partner"})
    assert CANARY in week.afternoon(2, 2)["ana"]
    rows = [row for row in week.daemon.rows("list", "--all") if row["reminder"] == "sum"]
    assert rows and all(row["text"] == "(personal)" for row in rows)
    said = "".join(week.daemon.ctl(*verb).stdout for verb in (["list", "--all"], ["deliveries", "--all", "--json"], ["export", "ana"]))
    assert said.count(CANARY) == 1, "but in the export of whoever it was sent to"


def test_a_digest_where_others_read_has_no_words_of_anybody(nudged, receiver):
    week = Week(nudged, receiver, digest("own", "ana bo", 'via = [ "all-see" ];'), more={"bo": 'partner = "ana";'})
    week.daemon.write(channels=hook(receiver) + hook(receiver, id="all-see", more="shared = true;"))
    week.morning(2, ana={"answer": "done"}, bo={"answer": "stuck", "text": CANARY, "share": "partner"})
    said = week.afternoon(2, 2)
    assert CANARY not in str(said) and "The coming week" in said["ana"]


def test_a_digest_sent_by_hand_is_read_first(nudged, receiver):
    week = Week(nudged, receiver, digest("own", "ana bo"))
    week.morning(2, ana={"answer": "done"})
    before = len(receiver.all())
    assert "1 delivery" in week.daemon.ctl("send", "sum", "--to", "ana").stdout
    week.daemon.ctl("send", "sum")
    texts = [a.items[0]["text"] for a in receiver.wait(before + 3)[before:]]
    assert all("Practised in" in text or "The coming week" in text for text in texts), texts
    preview = week.daemon.rows("preview", "--reminder", "sum", "--from", "2026-06-04", "--to", "2026-06-04")
    assert {row["text"] for row in preview} == {"(your practice, as it is when this is sent)"}
