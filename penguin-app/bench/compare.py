#!/usr/bin/env python3
"""The site beside Flask under gunicorn on the same page: processor time per request, memory, time to the first answer.

    python3 penguin-app/bench/compare.py [--seconds 5] [--rounds 3]

Builds the release unless PENGUIN_APP_BIN names a built program.

The page is our home page. Flask gets it as a finished Jinja template without a single expression in it, compiled and
cached, so that it has less to do than a real application would. Both answer uncompressed to the same clients on
connections that stay open; rounds alternate, so that whatever else the machine does meets both. Needs `wrk` (Debian's
package of that name); Flask and gunicorn come into a virtual environment below target/.
"""

import argparse
import http.client
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PEERS = ["flask==3.1.3", "gunicorn==27.0.1"]
TICKS = os.sysconf("SC_CLK_TCK")
CONNECTIONS = 16


def tree(process):
    """The process and all below it."""
    pids, found = [process], []
    while pids:
        pid = pids.pop()
        found.append(pid)
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            pids += [int(child) for child in task.read_text().split()]
    return found


def processor_seconds(process):
    total = 0
    for pid in tree(process):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def resident_mib(process):
    """Proportional where the kernel tells it, since gunicorn's workers share pages with their parent."""
    total = 0
    for pid in tree(process):
        total += int(re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)[1])
    return total / 1024


class Server:
    """A server under test, from its start to its end."""

    def __init__(self, name, command, environment):
        self.name, self.command, self.environment = name, command, environment
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def __enter__(self):
        address = f"127.0.0.1:{self.port}"
        begun = time.monotonic()
        self.process = subprocess.Popen(
            [part.replace("ADDRESS", address) for part in self.command],
            env=os.environ | {key: value.replace("ADDRESS", address) for key, value in self.environment.items()},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while True:
            try:
                self.page = self.get()
                break
            except OSError:
                if self.process.poll() is not None or time.monotonic() - begun > 30:
                    sys.exit(f"{self.name} does not answer: {' '.join(self.command)}")
                time.sleep(0.001)
        self.start_ms = (time.monotonic() - begun) * 1000
        time.sleep(1)
        self.idle_mib = resident_mib(self.process.pid)
        self.rates = []
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=30)

    def get(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert answer.status == 200, f"{self.name} answers {answer.status}"
        return answer.read()

    def round(self, seconds):
        before = processor_seconds(self.process.pid)
        report = subprocess.run(
            ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", f"http://127.0.0.1:{self.port}/"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        used = processor_seconds(self.process.pid) - before
        if "Non-2xx" in report or "Socket errors" in report:
            sys.exit(f"{self.name} failed requests:\n{report}")
        self.busy_mib = resident_mib(self.process.pid)
        requests = int(re.search(r"(\d+) requests in", report)[1])
        self.rates.append((requests / used, requests / seconds))

    def rate(self, which):
        return statistics.median(rate[which] for rate in self.rates)


def peers():
    folder = ROOT / "target" / "bench-flask"
    made_from = folder / "made-from"
    if not made_from.exists() or made_from.read_text() != " ".join(PEERS):
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        subprocess.run([folder / "bin/pip", "install", "--quiet", *PEERS], check=True)
        made_from.write_text(" ".join(PEERS))
    return folder


def flask_site(folder, page):
    site = folder / "site"
    (site / "templates").mkdir(parents=True, exist_ok=True)
    (site / "templates" / "home.html").write_bytes(b"{% raw %}" + page + b"{% endraw %}")
    (site / "school.py").write_text(
        "from flask import Flask, render_template\n"
        "app = Flask(__name__)\n"
        "@app.get('/')\n"
        "def home():\n"
        "    return render_template('home.html')\n"
    )
    return site


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=int, default=5, help="length of a round")
    arguments.add_argument("--rounds", type=int, default=3, help="rounds for each server")
    arguments = arguments.parse_args()
    if not shutil.which("wrk"):
        sys.exit("missing: wrk: sudo apt-get install wrk")
    program = os.environ.get("PENGUIN_APP_BIN")
    if not program:
        subprocess.run(["cargo", "build", "--release", "--locked", "-p", "penguin-app"], cwd=ROOT, check=True)
        program = str(Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "penguin-app")
    folder = peers()
    ours = Server(
        "penguin-app",
        [program, "serve"],
        {"APP_LISTEN": "ADDRESS", "APP_LOG_FORMAT": "json"},
    )
    with ours:
        site = flask_site(folder, ours.page)
        theirs = Server(
            "Flask, gunicorn",
            [f"{folder}/bin/gunicorn", "--chdir", str(site), "--workers", "2", "--threads", "4"]
            + ["--keep-alive", "75", "--bind", "ADDRESS", "school:app"],
            {},
        )
        with theirs:
            assert theirs.page == ours.page, "the pages differ"
            for _ in range(arguments.rounds):
                for server in (ours, theirs):
                    server.round(arguments.seconds)
            print(f"{len(ours.page)} bytes of HTML, {CONNECTIONS} connections, {arguments.rounds} rounds of {arguments.seconds} s each")
            print(f"{'':18}{'requests per':>16}{'requests':>12}{'resident':>12}{'resident':>12}{'first':>12}")
            print(f"{'':18}{'CPU second':>16}{'per second':>12}{'at rest':>12}{'after load':>12}{'answer':>12}")
            for server in (ours, theirs):
                print(
                    f"{server.name:18}{server.rate(0):16,.0f}{server.rate(1):12,.0f}"
                    f"{server.idle_mib:8.1f} MiB{server.busy_mib:8.1f} MiB{server.start_ms:9.0f} ms"
                )
            print(f"{'ratio':18}{ours.rate(0) / theirs.rate(0):15.1f}x{ours.rate(1) / theirs.rate(1):11.1f}x")


if __name__ == "__main__":
    main()
