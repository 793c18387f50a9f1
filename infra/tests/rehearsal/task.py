"""A Fargate task on this machine: the containers of a task definition in one network namespace.

A container that does nothing owns the namespace, so that each of the others can be started, restarted and stopped by itself.
"""

import dataclasses
import threading
import time
import uuid

import engine
from docker import DockerError
from images import CannotPull
from output import Output
from secrets_of import MissingSecret

# Seconds from look to look, while a task starts and once it runs.
TICK, REST = 0.2, 0.5
SECOND = 1_000_000_000
# What Fargate takes if the definition does not say.
STOP_TIMEOUT, START_TIMEOUT = 30, 180


@dataclasses.dataclass
class Container:
    """A container of a task."""

    spec: dict
    output: Output
    engine_name: str
    status: str = "PENDING"
    health: str = "UNKNOWN"
    # What the last failed health check printed.
    health_said: str = ""
    exit_code: int = None
    reason: str = ""
    started: float = 0.0
    # Whether its stop took SIGKILL.
    killed: bool = False

    @property
    def name(self):
        return self.spec["name"]

    @property
    def essential(self):
        return self.spec.get("essential", True)

    @property
    def stop_timeout(self):
        return self.spec.get("stopTimeout") or STOP_TIMEOUT


class Task:
    """A task. `place` gives it network, images, secrets and log folder: see scheduler.Place."""

    def __init__(self, place, definition, deployment, region):
        self.id = uuid.uuid4().hex
        self.place, self.definition, self.deployment, self.region = place, definition, deployment, region
        prefix = f"{place.prefix}-task-{self.id[:8]}"
        self.pause = f"{prefix}-network"
        self.containers = [
            Container(spec, Output(place.cloud, place.logs, self.id, spec), f"{prefix}-{spec['name']}")
            for spec in definition["containerDefinitions"]
        ]
        self.status, self.desired = "PROVISIONING", "RUNNING"
        self.created, self.started, self.stopping, self.stopped = time.time(), None, None, None
        self.reason, self.code, self.cause = "", "", ""
        self.address = None
        self.wish = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    @property
    def short(self):
        return self.id[:8]

    @property
    def ended(self):
        return self.status == "STOPPED"

    @property
    def health(self):
        """UNHEALTHY if an essential container is, HEALTHY once all that have a health check are, else UNKNOWN."""
        states = [each.health for each in self.containers if each.essential and each.spec.get("healthCheck")]
        if "UNHEALTHY" in states:
            return "UNHEALTHY"
        return "HEALTHY" if states and all(state == "HEALTHY" for state in states) else "UNKNOWN"

    def stop(self, reason, code="ServiceSchedulerInitiated", cause=""):
        """Asks the task to stop. The first reason counts."""
        if not self.wish.is_set():
            self.reason, self.code, self.cause, self.desired = reason, code, cause, "STOPPED"
            self.stopping = time.time()
            self.wish.set()

    def run(self):
        try:
            self.provision()
            while not self.wish.is_set():
                self.start_what_can()
                if not self.started and all(each.started for each in self.containers):
                    self.status, self.started = "RUNNING", time.time()
                self.wish.wait(REST if self.started else TICK)
                self.look()
        except (CannotPull, MissingSecret, DockerError) as error:
            self.stop(str(error), "TaskFailedToStart", str(error))
        except Exception as error:
            self.stop(f"InternalError: {error!r}", "TaskFailedToStart", f"the rehearsal cannot run the task: {error!r}")
        try:
            self.take_down()
        finally:
            self.status, self.stopped = "STOPPED", time.time()

    def provision(self):
        engine.create(
            self.pause, self.place.helper, {"NetworkMode": self.place.network, "Init": True},
            Cmd=["busybox", "tail", "-f", "/dev/null"],
            Hostname=f"ip-{self.id[:8]}",
        )  # fmt: skip
        engine.start(self.pause)
        self.address = engine.inspect(self.pause)["NetworkSettings"]["Networks"][self.place.network]["IPAddress"]
        self.status = "PENDING"
        self.secrets = [self.place.secrets(each.spec) for each in self.containers]
        self.references = [self.place.image(self, each.spec) for each in self.containers]
        self.status = "ACTIVATING"

    def start_what_can(self):
        """Starts the containers whose dependencies have what they wait for."""
        for container, reference, secrets in zip(self.containers, self.references, self.secrets, strict=True):
            if container.started or self.wish.is_set():
                continue
            waits = [wait for wait in container.spec.get("dependsOn", []) if not self.has(wait)]
            limit = container.spec.get("startTimeout") or START_TIMEOUT
            for wait in waits:
                other, waited = self.container(wait["containerName"]), time.time() - self.created
                cause = f"container {other.name} did not become {wait['condition']} within {limit} s" if waited > limit else ""
                if other.status == "STOPPED":
                    other.output.finish()
                    cause = f"container {other.name} exited with code {other.exit_code}: {other.output.cause()}"
                if cause:
                    self.stop(
                        f"TaskFailedToStart: container {container.name} depends on {other.name}", "TaskFailedToStart", cause
                    )
            if not waits:
                engine.create(container.engine_name, reference, **self.settings(container.spec, secrets))
                self.begin(container)

    def begin(self, container):
        began = time.time()
        try:
            engine.start(container.engine_name)
        except DockerError as error:
            container.reason = f"CannotStartContainerError: {error}"
            self.stop(container.reason, "TaskFailedToStart", f"container {container.name} cannot be started: {error}")
            return
        container.started, container.status = began, "RUNNING"
        container.output.follow(container.engine_name, container.started)

    def container(self, name):
        return next(each for each in self.containers if each.name == name)

    def has(self, wait):
        """Whether a container is as another waits for it."""
        other = self.container(wait["containerName"])
        match wait["condition"]:
            case "START":
                return bool(other.started)
            case "HEALTHY":
                return other.health == "HEALTHY"
            case "COMPLETE":
                return other.status == "STOPPED"
            case "SUCCESS":
                return other.exit_code == 0

    def settings(self, spec, secrets):
        """The engine's settings of a container, from its definition."""
        linux = spec.get("linuxParameters") or {}
        capabilities = linux.get("capabilities") or {}
        environment = {
            "AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region, "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
            **{each["name"]: each["value"] for each in spec.get("environment", [])}, **secrets,
        }  # fmt: skip
        # Docker knows no memory of several containers together: each may take what the task has.
        memory = int(spec.get("memory") or self.definition.get("memory", 512))
        settings = {
            "host": {
                "NetworkMode": f"container:{self.pause}", "ReadonlyRootfs": spec.get("readonlyRootFilesystem", False),
                "CapAdd": capabilities.get("add", []), "CapDrop": capabilities.get("drop", []),
                "Init": linux.get("initProcessEnabled", False), "Memory": memory * 2**20,
                "CpuShares": int(spec.get("cpu") or self.definition.get("cpu", 256)),
                "Ulimits": [
                    {"Name": each["name"], "Soft": each["softLimit"], "Hard": each["hardLimit"]}
                    for each in spec.get("ulimits", [])
                ],
                "LogConfig": {"Type": "json-file", "Config": {}},
            },
            "Env": [f"{name}={value}" for name, value in environment.items()],
        }  # fmt: skip
        for key, name in (
            ("command", "Cmd"),
            ("entryPoint", "Entrypoint"),
            ("user", "User"),
            ("workingDirectory", "WorkingDir"),
        ):
            if spec.get(key):
                settings[name] = spec[key]
        if check := spec.get("healthCheck"):
            interval = check.get("interval", 30)
            # Each check is a process: not too many of them.
            interval = max(interval / self.place.hurry, min(interval, 2))
            settings["Healthcheck"] = {
                # Newer engines have an interval of their own until the first success; ECS has not.
                "Test": check["command"], "Interval": int(interval * SECOND), "StartInterval": int(interval * SECOND),
                "Timeout": check.get("timeout", 5) * SECOND, "Retries": check.get("retries", 3),
                "StartPeriod": check.get("startPeriod", 0) * SECOND,
            }  # fmt: skip
        else:
            # ECS does not use the health check of an image.
            settings["Healthcheck"] = {"Test": ["NONE"]}
        return settings

    def look(self):
        """Reads the state of the containers, and acts on those that have ended."""
        for container in self.containers:
            if container.status != "RUNNING":
                continue
            state = engine.inspect(container.engine_name)["State"]
            if health := state.get("Health"):
                container.health = {"healthy": "HEALTHY", "unhealthy": "UNHEALTHY"}.get(health["Status"], "UNKNOWN")
                container.health_said = next(
                    (each["Output"].strip() for each in reversed(health.get("Log") or []) if each["ExitCode"]), ""
                )
            if state["Status"] == "exited" or state["Status"] == "dead":
                self.ended_by_itself(container, state)

    def ended_by_itself(self, container, state):
        code = state["ExitCode"]
        policy = container.spec.get("restartPolicy") or {}
        ran = time.time() - container.started
        ignored = code in policy.get("ignoredExitCodes", [])
        if policy.get("enabled") and not ignored and ran >= policy.get("restartAttemptPeriod", 300) and not self.wish.is_set():
            self.place.say(
                f"task {self.short}: container {container.name} exited with code {code}; restarting it (restart policy)"
            )
            self.begin(container)
            return
        container.status, container.exit_code = "STOPPED", code
        if state.get("OOMKilled"):
            container.reason = "OutOfMemoryError: Container killed due to memory usage"
        if container.essential:
            container.output.finish()
            line = container.output.cause()
            cause = f"container {container.name} exited with code {code}"
            cause += f" ({container.reason})" if container.reason else ""
            self.stop("Essential container in task exited", "EssentialContainerExited", f"{cause}: {line}" if line else cause)

    def take_down(self):
        """Stops all containers, those first on which no other depends, and removes them."""
        self.status = "STOPPING"
        left = [each for each in self.containers if each.status == "RUNNING"]
        while left:
            needed = {wait["containerName"] for each in left for wait in each.spec.get("dependsOn", [])}
            turn = [each for each in left if each.name not in needed] or left
            threads = [threading.Thread(target=self.end, args=(each,)) for each in turn]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            left = [each for each in left if each not in turn]
        for container in self.containers:
            container.output.finish()
            if container.started:
                engine.remove(container.engine_name)
            container.status = "STOPPED"
        engine.remove(self.pause)

    def end(self, container):
        """SIGTERM, and SIGKILL after the stop timeout."""
        began = time.monotonic()
        try:
            engine.stop(container.engine_name, container.stop_timeout)
            state = engine.inspect(container.engine_name)["State"]
        except DockerError as error:
            container.status, container.reason = "STOPPED", str(error)
            return
        container.status, container.exit_code = "STOPPED", state["ExitCode"]
        container.killed = state["ExitCode"] == 137 and time.monotonic() - began >= container.stop_timeout - 0.5
