"""Output: a live table of stages in a terminal, a line for each change elsewhere."""

import io
import pathlib
import re
import sys
import threading
import time

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

STYLES = {"running": "cyan", "done": "green", "failed": "red", "skipped": "dim", "waiting": "dim"}


class Screen:
    def __init__(self):
        self.console = Console(highlight=False, soft_wrap=True)
        self.began = time.monotonic()
        self.lock = threading.Lock()
        self.rows = {}
        self.live = None
        self.history = []

    def elapsed(self):
        seconds = int(time.monotonic() - self.began)
        return f"{seconds // 60:02}:{seconds % 60:02}"

    def say(self, text, style=""):
        """Prints an event, above the table."""
        line = Text(f"{self.elapsed()}  {text}" if text else "", style)
        self.history.append(line)
        with self.lock:
            self.console.print(line)

    def heading(self, text):
        self.finish()
        self.say("")
        self.say(text, "bold")

    def pipeline(self, name, stages):
        """Begins a table with all actions of a pipeline."""
        self.finish()
        self.name = name
        self.rows = {(stage, action): ["waiting", None, None, ""] for stage, actions in stages for action in actions}
        if sys.stdout.isatty():
            self.live = Live(get_renderable=self.table, console=self.console, refresh_per_second=4)
            self.live.start()
        else:
            self.say(f"pipeline {name}: " + " → ".join(f"{stage} ({', '.join(actions)})" for stage, actions in stages))

    def action(self, stage, action, status, note=""):
        row = self.rows[stage, action]
        row[0], row[3] = status, note
        row[1] = time.monotonic() if status == "running" or row[1] is None else row[1]
        row[2] = None if status == "running" else time.monotonic()
        if self.live is None or status == "failed":
            taken = f" after {row[2] - row[1]:.1f} s" if row[2] else ""
            line = f"{stage}/{action}: {status}{taken}{': ' if note else ''}{note}"
            self.say(line, STYLES[status] if status == "failed" else "")

    def table(self):
        table = Table(title=self.name, title_justify="left", box=None, padding=(0, 1))
        for column in ("Stage", "Action", "Status", "Time", ""):
            table.add_column(column, overflow="fold")
        shown = None
        for (stage, action), (status, began, ended, note) in self.rows.items():
            taken = f"{(ended or time.monotonic()) - began:.0f} s" if began else ""
            first_line = Text(note.split("\n")[0])
            table.add_row("" if stage == shown else stage, action, Text(status, STYLES[status]), taken, first_line)
            shown = stage
        return table

    def ask(self, question):
        """Asks for yes or no, while the table rests."""
        if self.live:
            self.live.stop()
        try:
            return self.console.input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
        finally:
            if self.live:
                self.live.start()

    def finish(self):
        """Ends the table of a pipeline."""
        if self.live:
            self.live.stop()
            self.live = None
            self.history.append(self.table())

    def record(self, file):
        """Writes everything said so far as SVG."""
        console = Console(record=True, width=112, file=io.StringIO(), highlight=False)
        for each in self.history:
            console.print(each)
        picture = console.export_svg(title=".ci/rehearse", theme=SVG_EXPORT_THEME)
        # The fonts of the reader: the picture loads nothing.
        picture = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL).replace("Fira Code, monospace", "monospace")
        pathlib.Path(file).write_text(picture)
