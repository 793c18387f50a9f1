"""A service as ECS keeps it: tasks of its deployments, their targets in the load balancer, rolling replacement, rollback."""

import dataclasses
import time
import uuid

import rollout
from images import Images
from reachability import missing
from task import Task


@dataclasses.dataclass
class Deployment:
    """One definition of a service's tasks."""

    definition: dict
    service: dict
    images: Images
    id: str = dataclasses.field(default_factory=lambda: f"ecs-svc/{uuid.uuid4().int % 10**19}")
    state: str = "IN_PROGRESS"
    reason: str = ""
    # Failed tasks since the last that served, and why each failed.
    failed: int = 0
    causes: list = dataclasses.field(default_factory=list)
    # Whether it runs again after another one failed.
    restored: bool = False
    created: float = dataclasses.field(default_factory=time.time)
    updated: float = dataclasses.field(default_factory=time.time)

    def become(self, state, reason):
        self.state, self.reason, self.updated = state, reason, time.time()


class Service:
    """A service of a stack. `tick` does what is due; one thread at a time calls it."""

    def __init__(self, place, balancer, hurry, region):
        self.place, self.balancer, self.hurry, self.region = place, balancer, hurry, region
        self.tasks, self.deployments, self.events = [], [], []
        self.primary, self.stable = None, None
        self.desired, self.told = 0, None
        # Task ID → when it began to drain.
        self.draining = {}
        # Tasks whose failure was counted, whose end was reported, and that another one must replace.
        self.counted, self.finished, self.unfit = set(), set(), set()
        # What must not happen in a rollout that succeeds otherwise.
        self.errors = []

    @property
    def arn(self):
        return self.described.service["serviceArn"]

    @property
    def name(self):
        return self.described.service["serviceName"]

    @property
    def group(self):
        return self.described.target_group["TargetGroupArn"]

    @property
    def configuration(self):
        return self.described.service["deploymentConfiguration"]

    def event(self, text, short=None):
        """An event as ECS writes it, and what is said of it on this machine."""
        self.events.append((len(self.events), time.time(), f"(service {self.name}) {text}"))
        self.place.say(short or text)

    def deploy(self, described):
        """Begins a deployment of what was read back."""
        self.described, self.desired, self.errors = described, described.desired, []
        if self.primary and self.primary.definition == described.definition and self.primary.state != "FAILED":
            return
        self.stable = self.primary if self.primary and self.primary.state == "COMPLETED" else self.stable
        self.primary = Deployment(described.definition, described.service, self.place.images())
        self.deployments.insert(0, self.primary)
        strategy = self.configuration.get("strategy", "ROLLING")
        if strategy != "ROLLING":
            self.place.say(f"the deployment strategy {strategy} is played as ROLLING")
        self.place.say(
            f"deployment of {described.definition['family']}:{described.definition['revision']} to {self.desired} task(s)"
        )

    def of(self, deployment):
        """Tasks of a deployment that run or start, and stay."""
        return [
            each
            for each in self.tasks
            if each.deployment is deployment and each.desired == "RUNNING" and each.id not in self.draining
        ]

    def serving(self, task):
        checked = any(each.spec.get("healthCheck") for each in task.containers)
        target = self.balancer.targets.get(task.id) if self.balancer else None
        state = (target.state if target else "initial") if self.balancer else None
        return rollout.serves(task.status, task.health, checked, state)

    @property
    def steady(self):
        new = self.of(self.primary)
        # ECS counts tasks that run. Those that a release has replaced are waited for, to see how they stop; those that never
        # served are not.
        stopping = [each for each in self.tasks if each.status == "STOPPING" and each.deployment.state == "FAILED"]
        living = [each for each in self.tasks if each.id not in self.finished and each not in stopping]
        return len(living) == len(new) == self.desired and all(self.serving(each) for each in new)

    def tick(self):
        if self.balancer:
            self.balancer.look()
        for task in list(self.tasks):
            self.attend(task)
        self.conclude()
        self.replace()

    def attend(self, task):
        target = self.balancer.targets.get(task.id) if self.balancer else None
        if task.desired == "STOPPED" or task.ended:
            if task.id not in self.counted:
                self.counted.add(task.id)
                self.account(task)
            if target and target.state != "draining":
                self.balancer.drain(task.id)
            if task.ended and target:
                self.deregister(task)
            if task.ended and task.id not in self.finished:
                self.finished.add(task.id)
                self.look_at_the_end(task)
            return
        if task.id in self.draining:
            delay = self.described.deregistration_delay / self.hurry
            if not target or target.requests == 0 or time.monotonic() - self.draining[task.id] > delay:
                if target:
                    self.deregister(task)
                self.send_stop(task)
            return
        grace = self.described.service.get("healthCheckGracePeriodSeconds", 0) / self.hurry
        if task.status != "RUNNING":
            # Without a healthy container, those that wait for it never start.
            if reason := rollout.verdict(task.health, None, time.time() - task.created, grace):
                self.condemn(task, target, reason)
            return
        if self.balancer and not target:
            self.register(task)
        elif target and target.state == "healthy" and task.deployment is self.primary and self.serving(task):
            # A task that serves starts the count anew.
            task.deployment.failed = 0 if self.primary.state == "IN_PROGRESS" else task.deployment.failed
        reason = rollout.verdict(task.health, target.state if target else None, time.time() - task.started, grace)
        if reason and task.deployment is self.primary and self.primary.state == "IN_PROGRESS" and not self.primary.restored:
            self.condemn(task, target, reason)
        elif reason:
            self.unfit.add(task.id)
        else:
            self.unfit.discard(task.id)

    def register(self, task):
        described, blocked = self.described, self.blocked()
        self.balancer.register(task.id, self.group, task.address, described.port, blocked)
        at = f"{task.address}:{described.port}"
        self.event(
            f"registered 1 targets in (target-group {self.group})", f"task {task.short} is a target of the load balancer: {at}"
        )
        if blocked:
            self.event(
                f"(port {described.port}) is unhealthy in (target-group {self.group}): {blocked}",
                f"target {at} times out: {blocked}",
            )

    def blocked(self):
        """The rule that is missing between load balancer and tasks, or None."""
        described = self.described
        return missing(described.port, described.groups, source=described.balancer_groups, target=described.task_groups)

    def refresh(self, described):
        """Takes over rules that have changed since tasks were registered. Definition and service stay."""
        self.described = dataclasses.replace(described, service=self.described.service, definition=self.described.definition)
        blocked = self.blocked()
        for target in self.balancer.targets.values() if self.balancer else ():
            if target.blocked != blocked:
                self.balancer.block(target, blocked)
                self.place.say(
                    f"target {target.address}:{target.port} " + (f"times out: {blocked}" if blocked else "can be reached again")
                )

    def condemn(self, task, target, reason):
        """Replaces a task that is unhealthy."""
        if "ELB" in reason:
            cause = f"target {target.address}:{target.port} {target.reason}"
            self.event(
                f"(port {target.port}) is unhealthy in (target-group {self.group}) due to (reason {target.reason})",
                f"task {task.short}: {cause}",
            )
            reason += f" in (target-group {self.group})"
        else:
            sick = next(each for each in task.containers if each.health == "UNHEALTHY")
            cause = f"container {sick.name} failed its health check: {sick.health_said.partition(chr(10))[0] or 'no output'}"
            self.event(f"(task {task.id}) failed container health checks.", f"task {task.short}: {cause}")
        self.phase_out(task, reason, cause)

    def phase_out(self, task, reason, cause=""):
        """Takes a task out of the load balancer; it gets SIGTERM when that is done.

        ECS waits until the target is unused before it stops a task (DEACTIVATING):
        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/load-balancer-connection-draining.html
        """
        task.parting = (reason, cause)
        self.draining[task.id] = time.monotonic()
        target = self.balancer.targets.get(task.id) if self.balancer else None
        if not target or task.status != "RUNNING":
            self.send_stop(task)
            return
        task.status = "DEACTIVATING"
        self.event("has begun draining connections on 1 tasks.", f"task {task.short} drains")
        self.balancer.drain(task.id)

    def send_stop(self, task):
        reason, cause = task.parting
        task.stop(reason, cause=cause)

    def deregister(self, task):
        self.event(f"deregistered 1 targets in (target-group {self.group})", f"task {task.short} is no target any more")
        if lost := self.balancer.targets[task.id].lost:
            self.errors.append(f"{lost} requests to task {task.short} were lost")
            self.event(self.errors[-1])
        self.balancer.deregister(task.id)

    def account(self, task):
        """Counts a task that failed."""
        if not task.cause:
            return
        deployment = task.deployment
        if task.code != "ServiceSchedulerInitiated":
            reason = task.reason if task.cause in task.reason else f"{task.reason}: {task.cause}"
            self.event(f"(task {task.id}) stopped: {reason}", f"task {task.short} failed: {task.cause}")
        if deployment is self.primary and deployment.state == "IN_PROGRESS":
            deployment.failed += 1
            deployment.causes.append(task.cause)

    def look_at_the_end(self, task):
        for each in task.containers:
            if each.killed:
                limit = f"its stop timeout of {each.stop_timeout} s"
                self.errors.append(f"task {task.short}: container {each.name} was killed after {limit}")
                self.event(self.errors[-1])
        codes = ", ".join(f"{each.name} exited with {each.exit_code}" for each in task.containers if each.exit_code is not None)
        took = task.stopped - (task.stopping or task.stopped)
        self.place.say(f"task {task.short} stopped after {took:.0f} s: {codes or 'never started'}")
        if len(self.tasks) > 30:
            self.tasks.remove(next(each for each in self.tasks if each.ended))

    def replace(self):
        """Starts and stops tasks within the bounds of the deployment configuration."""
        new = [each for each in self.of(self.primary) if each.id not in self.unfit]
        old = [each for other in self.deployments for each in self.of(other) if each not in new]
        serving = sum(self.serving(each) for each in new + old)
        idle = sum(not self.serving(each) for each in old)
        start, stop, stop_idle = rollout.steps(self.desired, self.configuration, len(new), len(old), serving, idle)
        for _ in range(start):
            task = Task(self.place, self.primary.definition, self.primary, self.region)
            self.tasks.append(task)
            self.event(f"has started 1 tasks: (task {task.id}).", f"task {task.short} starts")
        reason = f"Scaling activity initiated by (deployment {self.primary.id})"
        by_age = sorted(old, key=lambda each: (each.deployment is self.primary, each.created))
        for task in [each for each in by_age if self.serving(each)][:stop] + [
            each for each in by_age if not self.serving(each)
        ][:stop_idle]:
            self.phase_out(task, reason)
        for task in sorted(new, key=lambda each: each.created)[self.desired :]:
            self.phase_out(task, reason)

    def conclude(self):
        """Ends the deployment: completed, failed or rolled back."""
        if self.primary.state != "IN_PROGRESS":
            return
        limit = rollout.threshold(self.configuration.get("deploymentCircuitBreaker", {}), self.desired)
        if limit and self.primary.failed >= limit:
            self.give_up("ECS deployment circuit breaker: tasks failed to start.")
        elif self.desired and self.steady and (self.primary.restored or not self.errors):
            rolled_back = self.primary.reason
            failed = [each for each in self.deployments if each.state == "FAILED"] if self.primary.restored else []
            self.primary.restored = False
            self.primary.become("COMPLETED", rolled_back or f"ECS deployment {self.primary.id} completed.")
            self.event(
                f"(deployment {self.primary.id}) deployment completed.", f"deployment completed, {self.desired} task(s) serve"
            )
            self.event("has reached a steady state.", "steady state")
            self.deployments = [self.primary, *failed]

    def give_up(self, reason):
        """Fails the deployment, and goes back to the last one that was stable."""
        failed = self.primary
        failed.become("FAILED", reason)
        self.event(f"(deployment {failed.id}) deployment failed: {reason.rpartition(': ')[2]}")
        if self.stable is None:
            self.desired = 0
            for task in self.of(failed):
                self.phase_out(task, f"Scaling activity initiated by (deployment {failed.id})")
            return
        for task in self.of(failed):
            if not self.serving(task):
                self.phase_out(task, f"Scaling activity initiated by (deployment {self.stable.id})")
        failed.reason = reason.rstrip(".") + f": rolling back to deploymentId {self.stable.id}."
        self.event(f"rolling back to deployment {self.stable.id}.")
        self.primary = self.stable
        self.described = dataclasses.replace(self.described, service=self.stable.service, definition=self.stable.definition)
        self.primary.become("IN_PROGRESS", f"ECS deployment {self.primary.id} restored after a rollback.")
        if self.primary not in self.deployments:
            self.deployments.append(self.primary)
        self.primary.failed, self.primary.restored = 0, True
