"""Runs the services that CloudFormation deployed to the mock, as ECS with Fargate and a load balancer do.

What runs is read back from the mock's APIs (described.py). Shortened are only waits of the orchestration:

* A target is unused as soon as it has no request in flight; the deregistration delay is the longest time for that. A load
  balancer of AWS also waits for idle connections, in practice for the whole delay.
* A new service starts with the least number of tasks of its auto scaling, not with one that is raised then.
* A failed task is replaced at once; ECS waits longer from task to task.
* With `hurry` above 1, these are divided by it: the intervals of health checks (those of containers not below 2 s), the health
  check grace period and the deregistration delay.
"""

import dataclasses
import pathlib
import threading
import time
import traceback
import uuid

from botocore.exceptions import ClientError

import engine
import helper_image
import told
from balancer import Balancer
from described import read
from docker import docker
from images import Images, from_registry
from reachability import INTERNET, missing
from rollout import failure
from secrets_of import secrets_of
from service import Service

TICK = 0.2
# Longest time for a rollout that neither ends nor fails.
PATIENCE = 900
# How long tasks that run again after a rollback may take until they serve.
SETTLING = 30


class RolloutFailed(Exception):
    """A rollout that failed: what was running before runs again."""


@dataclasses.dataclass
class Place:
    """Where tasks of a service run."""

    cloud: object
    prefix: str
    network: str
    logs: pathlib.Path
    helper: str
    say: object
    registry: str
    reference: object
    # References of images, which are of no use without the mock's registry.
    used: set
    # Divides the intervals of the containers' health checks.
    hurry: int

    def images(self):
        return Images(self.registry, self.reference, self.used)

    def image(self, task, container):
        return task.deployment.images.of(container)

    def secrets(self, container):
        return secrets_of(self.cloud, container)


class Scheduler:
    """The services of an account.

    `say` receives events, a line each. `image` maps the URI of an image to a reference that this machine can run; by default
    repositories in ECR are those of the mock's registry. `prefix` begins the names of all containers and networks.
    """

    def __init__(self, cloud, folder, say, *, image=None, hurry=1, prefix=None, patience=PATIENCE):
        self.cloud, self.folder, self.say, self.hurry, self.patience = cloud, pathlib.Path(folder), say, hurry, patience
        self.registry = cloud.registry
        self.reference = image or from_registry(self.registry)
        self.prefix = prefix or f"rehearsal-{uuid.uuid4().hex[:6]}"
        self.services, self.used = {}, set()
        self.lock, self.ended = threading.RLock(), threading.Event()
        # Stack → tracebacks of the last ticks, as long as they fail.
        self.failures = {}
        # Stacks that CloudFormation still changes, and what was said of listeners.
        self.restless, self.said = set(), {}
        self.keeper, self.alarms_at, self.refreshed_at = None, 0, {}

    def roll(self, stack):
        """Runs what a stack has deployed until it is steady. Raises RolloutFailed."""
        described = read(self.cloud, stack)
        if described is None:
            return
        with self.lock:
            service = self.services.get(stack) or self.settle(stack, described)
            self.balance(service, described)
            service.deploy(described)
            rolled = service.primary
        if self.keeper is None:
            self.keeper = threading.Thread(target=self.keep, daemon=True)
            self.keeper.start()
        try:
            self.watch(stack, service, rolled)
        finally:
            self.restless.add(stack)

    def settle(self, stack, described):
        """Makes the place for a new service."""
        name = f"{self.prefix}-{stack.lower()}"
        engine.network(name)
        logs = self.folder / "tasks" / stack
        logs.mkdir(parents=True, exist_ok=True)

        def say(text):
            self.say(f"{stack}: {text}")

        helper = helper_image.image(self.say)
        place = Place(self.cloud, name, name, logs, helper, say, self.registry, self.reference, self.used, self.hurry)
        balancer = Balancer(f"{name}-balancer", helper, name, self.hurry, say) if described.balancer else None
        region = described.service["serviceArn"].split(":")[3]
        service = self.services[stack] = Service(place, balancer, self.hurry, region)
        return service

    def balance(self, service, described):
        """Brings the load balancer up to date. Listeners that the internet cannot reach are not there."""
        if not service.balancer:
            return
        reached = []
        for listener in described.listeners:
            gap = missing(listener["Port"], described.groups, target=described.balancer_groups, source_address=INTERNET)
            if described.balancer["Scheme"] != "internet-facing":
                gap = "the load balancer is internal"
            if gap and self.said.get(listener["ListenerArn"]) != gap:
                service.place.say(f"listener {listener['Protocol']}:{listener['Port']} is out of reach of the internet: {gap}")
            self.said[listener["ListenerArn"]] = gap
            if not gap:
                reached.append(listener)
        service.balancer.configure(described, reached)

    def keep(self):
        """Does what is due, as long as there are services."""
        while not self.ended.wait(TICK):
            with self.lock:
                for stack, service in self.services.items():
                    try:
                        self.refresh(stack, service)
                        service.tick()
                        self.tell(service)
                        self.failures[stack] = []
                    except Exception:
                        self.failures.setdefault(stack, []).append(traceback.format_exc())

    def refresh(self, stack, service):
        """Reads load balancer and rules again: a rollback restores them, and what a template no longer has is deleted last."""
        often = stack in self.restless
        if time.monotonic() < self.refreshed_at.get(stack, 0) + (1 if often else 5):
            return
        self.refreshed_at[stack] = time.monotonic()
        try:
            status = self.cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        except ClientError as error:
            if "does not exist" in str(error):
                service.desired = 0
            return
        if not status.endswith("IN_PROGRESS"):
            self.restless.discard(stack)
        if status.startswith(("ROLLBACK", "DELETE")):
            return
        described = read(self.cloud, stack)
        service.refresh(described)
        self.balance(service, service.described)

    def tell(self, service):
        account = service.arn.split(":")[4]
        told.write(pathlib.Path(self.cloud.orders) / f"{account}.ecs.{service.name}.json", service)

    def watch(self, stack, service, rolled):
        """Waits for the end of a rollout."""
        name = rolled.definition["family"]
        # What counts is an alarm that goes into ALARM state during the deployment:
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
        ignored = self.ringing(service)
        deadline = time.monotonic() + self.patience
        while True:
            time.sleep(TICK)
            with self.lock:
                if rolled.state == "COMPLETED" and service.steady:
                    return
                if rolled.state == "FAILED":
                    reason = failure(name, rolled.causes)
                    break
                if problem := self.problem(stack, service, deadline, ignored):
                    service.give_up(f"ECS deployment failed: {problem}")
                    reason = f"{name}: {problem}"
                    break
        self.wait_for_rollback(stack, service)
        raise RolloutFailed(reason)

    def problem(self, stack, service, deadline, ignored):
        """What ends a rollout besides failed tasks, or None."""
        if len(self.failures.get(stack, [])) > 5:
            log = self.folder / "scheduler.log"
            log.write_text(self.failures[stack][-1])
            return f"the scheduler of the rehearsal failed: {self.failures[stack][-1].splitlines()[-1]} ({log})"
        if service.errors:
            return service.errors[0]
        if time.monotonic() > deadline:
            waits = ", ".join(
                f"task {each.short} {each.status} {self.target_state(service, each)}"
                for each in service.tasks
                if not each.ended
            )
            return f"not steady within {self.patience} s: {waits or 'no tasks'}"
        if time.monotonic() > self.alarms_at:
            self.alarms_at = time.monotonic() + 2
            if ringing := self.ringing(service) - ignored:
                return f"alarm {min(ringing)} is in ALARM state"
        return None

    def target_state(self, service, task):
        target = service.balancer.targets.get(task.id) if service.balancer else None
        return f"(target {target.state} {target.reason})" if target else ""

    def ringing(self, service):
        """Names of the deployment's alarms that are in ALARM state."""
        alarms = service.configuration.get("alarms", {})
        if not alarms.get("enable") or not alarms.get("alarmNames"):
            return set()
        found = self.cloud.client("cloudwatch").describe_alarms(AlarmNames=alarms["alarmNames"])["MetricAlarms"]
        return {each["AlarmName"] for each in found if each["StateValue"] == "ALARM"}

    def wait_for_rollback(self, stack, service):
        """Waits until what was running before runs again, or nothing if there was nothing."""
        began = time.monotonic()
        while time.monotonic() < began + self.patience:
            time.sleep(TICK)
            with self.lock:
                living = [each for each in service.tasks if each.id not in service.finished]
                if service.desired == 0 and not living or service.desired and service.steady:
                    return
                # They may become healthy only when CloudFormation has rolled back the load balancer.
                running = all(each.deployment is service.primary and each.started for each in living)
                if running and len(living) >= service.desired > 0 and time.monotonic() > began + SETTLING / self.hurry:
                    return
        self.say(f"{stack}: the rollback did not become steady within {self.patience} s")

    def url(self, stack):
        """The load balancer of a stack, for this machine."""
        balancer = self.services[stack].balancer
        for scheme, protocol in (("https", "HTTPS"), ("http", "HTTP")):
            for listener in balancer.described.listeners:
                if listener["Protocol"] == protocol and listener["Port"] in balancer.ports:
                    return f"{scheme}://127.0.0.1:{balancer.ports[listener['Port']]}"
        raise LookupError(f"{stack}: no listener of the load balancer can be reached from the internet")

    def hosts(self):
        """DNS name of each load balancer → its address on the network of its environment."""
        with self.lock:
            balancers = [each.balancer for each in self.services.values() if each.balancer and each.balancer.text]
        return {each.described.balancer["DNSName"]: each.address for each in balancers}

    def stop(self, at_once=False):
        """Stops all tasks as ECS does, or kills them, and removes everything."""
        if self.keeper:
            with self.lock:
                for service in self.services.values():
                    service.desired = 0
            deadline = time.monotonic() + 200
            while time.monotonic() < deadline:
                tasks = [task for one in self.services.values() for task in one.tasks if not task.ended]
                if not tasks:
                    break
                if at_once:
                    # Again and again: a restart policy starts a container once more.
                    docker("kill", *(each.engine_name for task in tasks for each in task.containers), check=False)
                time.sleep(TICK)
            self.ended.set()
            self.keeper.join()
        for service in self.services.values():
            if service.balancer:
                service.balancer.stop()
            engine.remove_network(service.place.network)
        self.services.clear()
        if self.used:
            docker("rmi", *self.used, check=False)
