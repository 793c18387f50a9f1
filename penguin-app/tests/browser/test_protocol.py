"""REDbot reads every kind of answer as a cache and a browser would, and finds nothing to warn of (RFC 9110, 9111).

It asks again with conditions, ranges and codings, so this is more than a look at one head. Where PENGUIN_PROXY_BIN
names the built proxy the site is asked through it, as visitors do; else directly.
"""

import json
import re
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

REDBOT = Path(sys.executable).with_name("redbot")
# What REDbot calls notes that ask for nothing.
HARMLESS = {"GOOD", "INFO"}
# `public` is of use where a password protects a site, staging say: without it no shared cache keeps the assets.
INTENDED = {"STORE_PUBLIC_UNNECESSARY"}


@pytest.fixture(scope="module")
def kinds(entrance):
    """A path for every kind of answer, as the home page names them."""
    page = urllib.request.urlopen(f"{entrance}/", timeout=10).read().decode()

    def named(pattern):
        return re.search(rf"/static/[^\" ]+\.{pattern}", page)[0]

    return {
        "page": "/",
        "style": named("css"),
        "script": named("js"),
        "drawing": named("svg"),
        "picture": named("png"),
        "map": "/sitemap.xml",
        "missing": "/no-such-floe",
    }


def notes(address):
    report = subprocess.run([REDBOT, "-o", "har", address], capture_output=True, text=True, timeout=60, check=True)
    return [note for entry in json.loads(report.stdout)["log"]["entries"] for note in entry.get("_red_messages", [])]


@pytest.mark.parametrize("kind", ["page", "style", "script", "drawing", "picture", "map", "missing"])
def test_redbot_has_nothing_to_warn_of(entrance, kinds, kind):
    found = notes(entrance + kinds[kind])
    assert found, "REDbot said nothing at all"
    harmful = [note for note in found if note["level"] not in HARMLESS and note["note_id"] not in INTENDED]
    assert [note["summary"] for note in harmful] == []


def test_every_exception_is_still_needed(entrance, kinds):
    assert {note["note_id"] for note in notes(entrance + kinds["style"])} >= INTENDED


def test_redbot_would_warn_of_something():
    """An answer without a date and with two lengths, from a socket of our own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        report = subprocess.Popen(
            [REDBOT, "-o", "har", f"http://127.0.0.1:{port}/"], stdout=subprocess.PIPE, text=True
        )
        listener.settimeout(30)
        connection, _ = listener.accept()
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nETag: unquoted\r\nContent-Length: 2\r\n\r\nok")
        connection.close()
        listener.close()
        output, _ = report.communicate(timeout=60)
    levels = {
        note["level"] for entry in json.loads(output)["log"]["entries"] for note in entry.get("_red_messages", [])
    }
    assert levels - HARMLESS
