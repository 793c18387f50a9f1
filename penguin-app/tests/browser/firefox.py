"""Firefox by WebDriver BiDi: as much of the protocol as the tests need.

Playwright drives builds of its own only; Debian's Firefox speaks BiDi over a websocket.
"""

import base64
import itertools
import json
import re
import subprocess
import time
from pathlib import Path

from websockets.sync.client import connect

# As the protocol codes them.
KEYS = {"Tab": "\ue004", "Enter": "\ue006", "ArrowRight": "\ue014", "Space": " "}


class Firefox:
    """One window. `complaints` collects what the console says, refusals of the page's policy included."""

    def __init__(self, executable, profile, scheme):
        # 0 is dark, 1 is light.
        preference = f'user_pref("layout.css.prefers-color-scheme.content-override", {int(scheme == "light")});\n'
        Path(profile, "user.js").write_text(preference)
        command = [executable, "--headless", "--no-remote", "--remote-debugging-port=0", "--profile", str(profile)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.complaints, self.numbers = [], itertools.count(1)
        self.socket = connect(self.address() + "/session", max_size=None)
        self.send("session.new", capabilities={})
        self.send("session.subscribe", events=["log.entryAdded"])
        # The first window has no focus when headless, and there Enter presses no button.
        self.context = self.send("browsingContext.create", type="window")["context"]

    def address(self):
        """Where the browser says that it listens."""
        for line in self.process.stderr:
            if found := re.search(r"WebDriver BiDi listening on (ws://\S+)", line):
                return found[1]
        raise RuntimeError("Firefox ended before it listened")

    def send(self, method, **parameters):
        """Asks for something and waits for the result; notes the events that come in between."""
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv(timeout=60))
            if message.get("id") == number:
                if message["type"] == "error":
                    raise RuntimeError(f"{method}: {message['error']}: {message['message']}")
                return message["result"]
            if message.get("method") == "log.entryAdded":
                self.complaints.append(f"{message['params']['level']}: {message['params']['text']}")

    def open(self, address, width=1280, height=800):
        """Opens a page and waits until it is loaded."""
        self.send("browsingContext.setViewport", context=self.context, viewport={"width": width, "height": height})
        self.complaints.clear()
        self.send("browsingContext.navigate", context=self.context, url=address, wait="complete")

    def evaluate(self, expression):
        """The value of an expression that can be written as JSON."""
        target = {"context": self.context}
        outcome = self.send("script.evaluate", expression=f"(async () => JSON.stringify((await ({expression})) ?? null))()",
                            target=target, awaitPromise=True)
        if outcome["type"] == "exception":
            raise RuntimeError(outcome["exceptionDetails"]["text"])
        return json.loads(outcome["result"]["value"])

    def wait_until(self, expression):
        """Waits until an expression is true."""
        deadline = time.monotonic() + 20
        while not self.evaluate(expression):
            assert time.monotonic() < deadline, f"never true: {expression}"

    def press(self, *keys):
        """Presses keys one after the other."""
        actions = [{"type": kind, "value": KEYS[key]} for key in keys for kind in ("keyDown", "keyUp")]
        source = {"type": "key", "id": "keyboard", "actions": actions}
        self.send("input.performActions", context=self.context, actions=[source])

    def picture(self, whole=False):
        """The window, or the whole page, as PNG."""
        origin = "document" if whole else "viewport"
        return base64.b64decode(self.send("browsingContext.captureScreenshot", context=self.context, origin=origin)["data"])

    def close(self):
        """Ends the browser."""
        self.socket.close()
        self.process.terminate()
        self.process.wait(timeout=20)
