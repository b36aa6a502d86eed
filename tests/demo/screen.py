"""What the demo shows: messages in frames, steps, a closing table. Colour only on a terminal and
without NO_COLOR; frames of plain characters where the terminal has no others."""

import os
import re
import shutil
import sys
import textwrap
import time
import unicodedata

COLOURS = {"bold": "1", "dim": "2", "green": "32", "red": "31", "yellow": "33", "cyan": "36"}
LINK = re.compile(r"(https?://[^/\s]+)/a/\S+")


def width_of(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in text)


def harmless(text):
    """What arrived came over the network: no control character reaches the terminal."""
    return "".join(c if c == "\n" or c.isprintable() else " " for c in text)


class Screen:
    def __init__(self, out=sys.stdout):
        self.out = out
        self.colour = (out.isatty() and not os.environ.get("NO_COLOR")
                       and os.environ.get("TERM", "dumb") != "dumb")
        self.width = max(50, min(84, shutil.get_terminal_size((84, 24)).columns - 1))
        unicode = (out.encoding or "").lower().replace("-", "") == "utf8"
        self.box = "╭─╮│╰╯✓✗•" if unicode else "+-+|+++x*"
        if not unicode:
            out.reconfigure(errors="replace")
        self.start = time.monotonic()

    def paint(self, colour, text):
        return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m" if self.colour else text

    def line(self, text=""):
        print(text, file=self.out, flush=True)

    def clock(self):
        return f"{time.monotonic() - self.start:5.1f} s"

    def heading(self, text):
        self.line()
        self.line(self.paint("bold", text))

    def step(self, text):
        self.line(f"{self.paint('dim', self.clock())}  {text}")

    def message(self, kind, way, message):
        """One message as it arrived: how and for whom on the frame, then title, text and proof."""
        corner, dash, corner_right, side, low, low_right, good, bad, _ = self.box
        inner = self.width - 4
        head = f" {self.clock().strip()} {self.box[8]} {way} {self.box[8]} to {harmless(message.to)} "
        self.line()
        self.line(corner + dash + self.paint("cyan", head)
                  + dash * (self.width - 3 - width_of(head)) + corner_right)
        self.framed(side, inner, self.paint("bold", harmless(message.title)), harmless(message.title))
        text = LINK.sub(r"\1/a/...", harmless(message.text)).strip()
        for paragraph in text.split("\n"):
            for row in textwrap.wrap(paragraph, inner) or [""]:
                self.framed(side, inner, row, row)
        proof = f"{bad} {message.complaint}" if message.complaint else f"{good} {message.proof}"
        for row in textwrap.wrap(f"{kind}; {harmless(proof)}", inner):
            self.framed(side, inner, self.paint("red" if message.complaint else "dim", row), row)
        self.line(low + dash * (self.width - 2) + low_right)

    def framed(self, side, inner, shown, plain):
        self.line(f"{side} {shown}{' ' * (inner - width_of(plain))} {side}")

    def table(self, rows):
        self.heading("What was seen")
        for seen, what, proof in rows:
            mark = self.paint("green", self.box[6]) if seen else self.paint("red", self.box[7])
            self.line(f" {mark} {what}{' ' * max(1, 48 - width_of(what))}{self.paint('dim', harmless(proof))}")
        self.line()
