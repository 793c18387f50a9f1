"""The output of a task's containers: into a file, the last lines into memory, all lines into CloudWatch Logs of the mock."""

import collections
import datetime
import json
import re
import threading
import time

from botocore.exceptions import BotoCoreError, ClientError

import engine
from docker import DockerError

KEPT = 40
# Of a line in a reason.
LONGEST = 300
ERROR = re.compile(r"\b(error|panicked|fatal|exception)\b", re.IGNORECASE)


class Output:
    """The lines of one container, across its restarts."""

    def __init__(self, cloud, folder, task, container):
        self.file = folder / f"{task}-{container['name']}.log"
        self.last = collections.deque(maxlen=KEPT)
        self.cloud, self.threads = cloud, []
        logs = container.get("logConfiguration") or {}
        options = logs.get("options") or {}
        self.stream = None
        if logs.get("logDriver") == "awslogs":
            self.stream = {
                "logGroupName": options["awslogs-group"],
                "logStreamName": f"{options.get('awslogs-stream-prefix', 'ecs')}/{container['name']}/{task}",
            }
        self.made = False

    def follow(self, name, since):
        """Reads a container's output since a time in the background until it ends."""
        thread = threading.Thread(target=self.read, args=(name, since), daemon=True)
        thread.start()
        self.threads.append(thread)

    def read(self, name, since):
        waiting, lock, ended = [], threading.Lock(), threading.Event()

        def deliver():
            while not ended.wait(0.5) or waiting:
                with lock:
                    batch, waiting[:] = waiting[:1000], waiting[1000:]
                if batch:
                    self.deliver(batch)

        sender = threading.Thread(target=deliver, daemon=True)
        sender.start()
        try:
            with self.file.open("a") as file:
                for at, text in engine.lines(name, since):
                    file.write(text + "\n")
                    self.last.append(text)
                    if self.stream and text:
                        with lock:
                            waiting.append({"timestamp": milliseconds(at), "message": text})
        except (OSError, DockerError, ValueError):
            # The container was removed.
            pass
        ended.set()
        sender.join()

    def deliver(self, batch):
        logs = self.cloud.client("logs")
        try:
            if not self.made:
                logs.create_log_stream(**self.stream)
                self.made = True
            logs.put_log_events(**self.stream, logEvents=batch)
        except (BotoCoreError, ClientError):
            # The mock has ended, or the group is deleted; the file has the lines.
            return

    def finish(self, seconds=5):
        """Waits until what was written before the end has been read."""
        deadline = time.monotonic() + seconds
        for thread in self.threads:
            thread.join(max(0, deadline - time.monotonic()))

    def cause(self):
        """The last line that names an error, else the last that says something."""
        lines = [text for text in map(plain, reversed(self.last)) if text]
        return next((line for line in lines if ERROR.search(line)), lines[0] if lines else "")


def plain(line):
    """The message of a line, without those that are JSON without one: access logs and metrics."""
    try:
        said = json.loads(line)
    except ValueError:
        return line.strip()[:LONGEST]
    if not isinstance(said, dict):
        return line.strip()[:LONGEST]
    message = said.get("message") or (said.get("fields") or {}).get("message") or ""
    return f"{said.get('level', '')} {message}".strip()[:LONGEST] if message else ""


def milliseconds(stamp):
    """Milliseconds since 1970 of a time as the engine writes it, with nanoseconds."""
    whole, _, fraction = stamp.rstrip("Z").partition(".")
    parsed = datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.UTC)
    return int(parsed.timestamp() * 1000) + int((fraction + "000")[:3])
