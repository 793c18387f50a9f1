"""Where the site is, which pages it has, and a browser to look at them.

The server is either one that runs already (`--base-url` or PENGUIN_URL) or one that is started here from the
executable that PENGUIN_APP_BIN names, on a port that the kernel picks. What depends on the proxy too (`entrance`) is
asked through the one that PENGUIN_PROXY_BIN names.
"""

import json
import os
import socket
import subprocess
import threading
import time
import tomllib
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

CONTENT = Path(__file__).parents[2] / "content"


def pages():
    """Every page of the content files, by the last part of its path."""
    paths = [page["path"] for page in tomllib.loads((CONTENT / "pages.toml").read_text())["pages"]]
    paths += [f"/classes/{entry['slug']}" for entry in tomllib.loads((CONTENT / "classes.toml").read_text())["classes"]]
    return {path.rpartition("/")[2] or "home": path for path in paths}


PAGES = pages()
# A page that does not exist is a page as well.
MISSING = {"not-found": "/no-such-floe"}
ALL = PAGES | MISSING

every_page = pytest.mark.parametrize("path", ALL.values(), ids=ALL.keys())


def pytest_addoption(parser):
    parser.addoption("--base-url", default=os.environ.get("PENGUIN_URL"), help="a site that is served already")
    parser.addoption("--update-snapshots", action="store_true", help="write the accessibility trees anew")


@pytest.fixture(scope="session")
def url(request, tmp_path_factory):
    """The address of the site, without a slash at the end."""
    given = request.config.getoption("--base-url")
    if given:
        yield given.rstrip("/")
        return
    program = os.environ.get("PENGUIN_APP_BIN")
    if not program:
        pytest.exit("no site to look at: give --base-url, or name the built program in PENGUIN_APP_BIN", returncode=4)
    environment = os.environ | {
        "APP_LISTEN": "127.0.0.1:0",
        "APP_LOG_FORMAT": "json",
        "APP_DRAIN_TIMEOUT": "1s",
        "APP_INDEXING": "allow",
        "APP_DATA_DIR": str(tmp_path_factory.mktemp("data")),
    }
    server = subprocess.Popen(
        [program, "serve"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield "http://" + listening_address(server)
    finally:
        server.terminate()
        server.wait(timeout=10)


def listening_address(server):
    """The address in the log line `listening`; what the server logs after it is read and dropped."""
    lines = []
    for line in server.stdout:
        lines.append(line)
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if entry.get("message") == "listening":
            threading.Thread(target=server.stdout.read, daemon=True).start()
            return entry["address"]
    pytest.exit("the server ended before it listened:\n" + "".join(lines), returncode=4)


@pytest.fixture(scope="session")
def entrance(url):
    """The address that visitors use: that of the proxy, if there is one."""
    program = os.environ.get("PENGUIN_PROXY_BIN")
    if not program:
        yield url
        return
    # Bound and never listening: nobody else is given the port before the proxy takes it.
    place = socket.socket()
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    place.bind(("127.0.0.1", 0))
    address = "127.0.0.1:%d" % place.getsockname()[1]
    environment = os.environ | {
        "PROXY_UPSTREAM": urllib.parse.urlsplit(url).netloc,
        "PROXY_LISTEN": address,
        "PROXY_ADMIN_LISTEN": "127.0.0.1:0",
        "PROXY_PRE_DRAIN": "0s",
    }
    proxy = subprocess.Popen([program, "serve"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        # Requests are held until the site answers, so the first one that gets through is as good as a health check.
        for _ in range(100):
            assert proxy.poll() is None, "the proxy ended at once"
            try:
                urllib.request.urlopen(f"http://{address}/", timeout=10).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"http://{address}"
    finally:
        proxy.terminate()
        proxy.wait(timeout=10)
        place.close()


@pytest.fixture(scope="session")
def fetch(url):
    """Asks for a path without a browser; answers status, headers and the body as sent."""

    def get(path, **headers):
        request = urllib.request.Request(url + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as answer:
            return answer.status, answer.headers, answer.read()

    return get


@pytest.fixture(scope="session")
def browser():
    executable = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    if not Path(executable).exists():
        pytest.exit(f"{executable} does not exist: apt-get install chromium, or name it in CHROMIUM", returncode=4)
    with sync_playwright() as playwright:
        # Containers run as root and without user namespaces, where Chromium's sandbox cannot.
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser
        browser.close()


def failure(request):
    """The complaint about a failed request. Leaving a page aborts what it still loads, which is no failure."""
    return [] if request.failure == "net::ERR_ABORTED" else [f"failed: {request.url} ({request.failure})"]


@pytest.fixture
def open_page(browser, url):
    """Opens a path in a window of its own; `page.complaints` collects what the console and the network say."""
    contexts = []

    def opener(path, blocked=None, **options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}} | options)
        contexts.append(context)
        if blocked:
            context.route(blocked, lambda route: route.abort())
        page = context.new_page()
        page.complaints, page.requested = [], []
        page.on("console", lambda line: page.complaints.append(f"{line.type}: {line.text}"))
        page.on("pageerror", lambda error: page.complaints.append(f"exception: {error}"))
        page.on("request", lambda request: page.requested.append(request.url))
        page.on("requestfailed", lambda request: page.complaints.extend(failure(request)))
        page.goto(url + path)
        return page

    yield opener
    for context in contexts:
        context.close()


def bring_everything_in(page):
    """Loads the lazy drawings, so that nothing is judged half-drawn."""
    page.evaluate("""async () => {
        const images = [...document.images];
        for (const image of images) image.loading = "eager";
        await Promise.all(images.map(image => image.decode()));
    }""")
