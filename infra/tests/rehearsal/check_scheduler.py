"""Checks the scheduler: decisions and services against fake tasks; with `--real` also tasks, load balancer and mock.

    .venv/rehearsal/bin/python infra/tests/rehearsal/check_scheduler.py [--real]

`--real` needs the images penguin-app and penguin-proxy (`docker compose build`) and takes about two minutes.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import types
import unittest.mock

import described as description
import rollout
import service as services
from balancer import SLOTS, Balancer, Target, configuration
from images import from_registry
from output import milliseconds, plain
from reachability import INTERNET, missing

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
ACCOUNT = "111122223333"


def reachable(*arguments, **options):
    """Whether a connection is allowed; the arguments are those of `missing`."""
    return missing(*arguments, **options) is None


def permission(port, groups=(), ranges=(), protocol="tcp"):
    return {
        "IpProtocol": protocol, "FromPort": port, "ToPort": port, "UserIdGroupPairs": [{"GroupId": each} for each in groups],
        "IpRanges": [{"CidrIp": each} for each in ranges],
    }  # fmt: skip


def group(name, inbound=(), outbound=()):
    return {"GroupName": name, "IpPermissions": list(inbound), "IpPermissionsEgress": list(outbound)}


def check_reachability():
    groups = {
        "lb": group("balancer", [permission(80, ranges=["0.0.0.0/0"])], [permission(8080, ["task"])]),
        "task": group("task", [permission(8080, ["lb"])]),
        "office": group("office", [permission(80, ranges=["203.0.113.0/24"])]),
        "all": group("all", outbound=[permission(0, ranges=["0.0.0.0/0"], protocol="-1")]),
    }
    assert reachable(80, groups, target=["lb"], source_address=INTERNET)
    assert not reachable(443, groups, target=["lb"], source_address=INTERNET)
    assert not reachable(80, groups, target=["office"], source_address=INTERNET)
    assert reachable(80, groups, target=["office"], source_address="203.0.113.7/32")
    assert reachable(8080, groups, source=["lb"], target=["task"])
    assert "no outbound rule of lb (balancer) for TCP port 3000" in missing(3000, groups, source=["lb"], target=["task"])
    # An outbound rule for all addresses does not replace the inbound rule.
    assert (
        missing(8080, groups, source=["all"], target=["task"], target_address="10.0.0.1/32")
        == "no inbound rule of task (task) for TCP port 8080 from all (all)"
    )


def check_decisions():
    count = {"enable": True, "thresholdConfiguration": {"type": "COUNT", "value": 3}}
    assert rollout.threshold({"enable": False}, 2) is None
    assert rollout.threshold(count, 100) == 3
    # ECS's defaults: half of the tasks, at least 3 and at most 200.
    assert [rollout.threshold({"enable": True}, desired) for desired in (1, 25, 1000)] == [3, 13, 200]
    whole, half = {"minimumHealthyPercent": 100, "maximumPercent": 200}, {"minimumHealthyPercent": 50, "maximumPercent": 150}
    assert rollout.bounds(3, half) == (2, 4)
    # desired, new, old, serving, idle → start, stop, stop idle
    assert rollout.steps(2, whole, 0, 2, 2, 0) == (2, 0, 0)
    assert rollout.steps(2, whole, 2, 2, 3, 0) == (0, 1, 0)
    assert rollout.steps(2, whole, 2, 2, 4, 0) == (0, 2, 0)
    assert rollout.steps(2, half, 0, 2, 2, 0) == (1, 1, 0)
    # Old tasks that do not serve stay until new ones do, unless there is no room.
    assert rollout.steps(2, whole, 2, 2, 0, 2) == (0, 0, 0)
    assert rollout.steps(2, whole, 2, 2, 2, 2) == (0, 0, 2)
    assert rollout.steps(1, {"minimumHealthyPercent": 0, "maximumPercent": 100}, 0, 1, 1, 0) == (0, 1, 0)
    assert rollout.steps(1, {"minimumHealthyPercent": 100, "maximumPercent": 100}, 0, 1, 0, 1) == (0, 0, 1)
    assert rollout.verdict("UNHEALTHY", "unhealthy", 59, 60) is None
    assert rollout.verdict("UNHEALTHY", "healthy", 60, 60) == "Task failed container health checks"
    assert rollout.verdict("HEALTHY", "unhealthy", 60, 60) == "Task failed ELB health checks"
    assert not rollout.serves("RUNNING", "UNKNOWN", True, "healthy")
    assert rollout.serves("RUNNING", "UNKNOWN", False, None)
    assert rollout.failure("prod", ["b", "a", "a"]) == "prod: 3 tasks failed to start: a"


def check_texts():
    image = from_registry("127.0.0.1:5000")
    assert image(f"{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com/school/app:1") == "127.0.0.1:5000/school/app:1"
    assert image("public.ecr.aws/xray:1") == "public.ecr.aws/xray:1"
    assert milliseconds("1970-01-01T00:00:01.234567891Z") == 1234
    assert plain('{"level":"ERROR","message":"cannot bind"}') == "ERROR cannot bind"
    assert (plain('{"status":200}'), plain(" panicked ")) == ("", "panicked")
    blue, green = "arn:targetgroup/blue/1", "arn:targetgroup/green/2"
    there = fake_description(blue)
    there.listeners = [
        {
            "Port": 80, "Protocol": "HTTP", "Rules": [], "Weights": {blue: 95, green: 5},
            "DefaultActions": [{"Type": "forward", "TargetGroupArn": blue}],
        }
    ]  # fmt: skip
    text = configuration(there, there.listeners, [Target("group-1", 3, "10.0.0.9", 8080, state="healthy")], 2)
    for part in (
        "use_backend group-1 if TRUE { var(txn.dice) -m int lt 95 }",
        "use_backend group-2 if TRUE { var(txn.dice) -m int lt 100 }",
        "server s3 10.0.0.9:8080\n", "inter 5000ms fall 2 rise 3", "timeout client 60000ms", "http-check expect status 200-299",
    ):  # fmt: skip
        assert part in text, f"{part} in\n{text}"


def check_slots():
    """A new target does not get a slot with the check results of an earlier one, as long as there are others."""
    balancer = Balancer("balancer", "image", "network", 1, print)
    balancer.command = lambda text: text
    taken = []
    for task in range(2 * SLOTS):
        balancer.register(task, "arn:targetgroup/web/1", "10.0.0.9", 8080, None)
        taken.append(balancer.targets[task].slot)
        balancer.deregister(task)
    assert taken == [*range(1, SLOTS + 1)] * 2, taken
    for task in range(SLOTS):
        balancer.register(task, "arn:targetgroup/web/1", "10.0.0.9", 8080, None)
    assert len({each.slot for each in balancer.targets.values()}) == SLOTS


def fake_description(target_group="arn:targetgroup/blue/1", revision=1, desired=2):
    service = {
        "serviceName": "web", "serviceArn": f"arn:aws:ecs:eu-central-1:{ACCOUNT}:service/c/web", "desiredCount": desired,
        "healthCheckGracePeriodSeconds": 0, "loadBalancers": [{"containerPort": 8080}],
        "networkConfiguration": {"awsvpcConfiguration": {"securityGroups": []}},
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": True, "thresholdConfiguration": {"type": "COUNT", "value": 3}},
        },
    }  # fmt: skip
    group = {
        "TargetGroupArn": target_group, "HealthCheckPath": "/", "HealthCheckPort": "traffic-port",
        "HealthCheckIntervalSeconds": 10, "HealthCheckTimeoutSeconds": 5, "HealthyThresholdCount": 3,
        "UnhealthyThresholdCount": 2, "Matcher": {"HttpCode": "200-299"},
    }  # fmt: skip
    definition = {"taskDefinitionArn": f"web:{revision}", "family": "web", "revision": revision, "containerDefinitions": []}
    return description.Described("Web", service, definition, group, balancer={"SecurityGroups": []})


class FakeTask:
    """A task that serves at once, or fails as `plan` says of its revision."""

    plan, made = {}, 0

    def __init__(self, place, definition, deployment, region):
        FakeTask.made += 1
        self.id = self.short = str(FakeTask.made)
        self.deployment, self.definition, self.containers, self.address = deployment, definition, [], "10.0.0.1"
        self.status, self.desired, self.health, self.ended, self.cause, self.reason = (
            "RUNNING",
            "RUNNING",
            "HEALTHY",
            False,
            "",
            "",
        )
        self.created = self.started = time.time()
        self.stopping = self.stopped = None
        self.failing = self.plan.get(definition["revision"])
        if self.failing == "exit":
            self.stop("Essential container in task exited", cause="container app exited with code 1")

    def stop(self, reason, code="", cause=""):
        self.reason, self.cause, self.code = reason, self.cause or cause, code
        self.desired, self.ended, self.status = "STOPPED", True, "STOPPED"
        self.stopping = self.stopped = time.time()
        if self.failing == "kill":
            self.containers = [
                types.SimpleNamespace(name="proxy", killed=True, stop_timeout=2, exit_code=137, spec={}, essential=True)
            ]


class FakeBalancer:
    """A load balancer whose targets are healthy, unless their task's plan is to fail."""

    def __init__(self):
        self.targets, self.tasks = {}, {}

    def register(self, key, group, address, port, blocked):
        self.targets[key] = Target("group-1", 1, address, port, blocked)

    def look(self):
        for key, target in self.targets.items():
            if target.state != "draining":
                failing = next(each for each in self.service.tasks if each.id == key).failing == "sick"
                target.state, target.reason = ("unhealthy", "failed the health check /: 503") if failing else ("healthy", "")

    def drain(self, key):
        self.targets[key].state = "draining"

    def deregister(self, key):
        del self.targets[key]


def fake_service(plan):
    FakeTask.plan = plan
    place = types.SimpleNamespace(say=lambda text: None, images=lambda: None)
    balancer = FakeBalancer()
    it = services.Service(place, balancer, 1, "eu-central-1")
    balancer.service = it
    return it


def play(it, revision, ticks=40):
    """Rolls to a revision and returns the fewest tasks that served."""
    it.deploy(fake_description(revision=revision))
    rolled, fewest = it.primary, 99
    for _ in range(ticks):
        it.tick()
        fewest = min(fewest, sum(it.serving(each) for each in it.tasks if not each.ended))
    return rolled, fewest


def check_services():
    it = fake_service({3: "exit", 4: "sick", 5: "kill"})
    rolled, _ = play(it, 1)
    assert rolled.state == "COMPLETED" and len(it.of(rolled)) == 2
    rolled, fewest = play(it, 2)
    assert (rolled.state, fewest, it.steady) == ("COMPLETED", 2, True)
    good = rolled
    for revision, cause in (
        (3, "container app exited with code 1"),
        (4, "target 10.0.0.1:8080 failed the health check /: 503"),
    ):
        rolled, fewest = play(it, revision)
        assert (rolled.state, fewest, it.primary, it.steady) == ("FAILED", 2, good, True), (rolled, fewest)
        assert rollout.failure("web", rolled.causes).startswith(f"web: {len(rolled.causes)} tasks failed to start: {cause}")
        assert 3 <= len(rolled.causes) <= 4
    # The end of a failed task is not waited for, that of a replaced one is.
    ending = next(each for each in it.tasks if each.deployment is rolled)
    it.finished.discard(ending.id)
    ending.status = "STOPPING"
    assert it.steady
    ending.deployment = good
    assert not it.steady
    it.tasks.remove(ending)
    play(it, 5)
    rolled, _ = play(it, 6)
    assert any(each.endswith("container proxy was killed after its stop timeout of 2 s") for each in it.errors), it.errors
    assert rolled.state == "IN_PROGRESS"
    # A first deployment leaves nothing behind.
    it = fake_service({1: "exit"})
    rolled, _ = play(it, 1)
    assert (rolled.state, it.desired, [each for each in it.tasks if not each.ended]) == ("FAILED", 0, [])


def real():
    """Rolls the real images under load, then a release whose app ends at its start."""
    os.environ.update(MINISTACK_ACCOUNT_ID=ACCOUNT, MINISTACK_REGION="eu-central-1")
    from cloud import Cloud
    from load import Load
    from scheduler import RolloutFailed, Scheduler

    began = time.monotonic()

    def say(text):
        print(f"{time.monotonic() - began:6.1f} {text}", flush=True)

    def request(stack, image_tag=None, change=lambda template: template):
        template = change(json.loads((GOLDEN / f"{stack}.template.json").read_text()))
        given = [{"ParameterKey": "ImageTag", "ParameterValue": image_tag}] if image_tag else []
        call = formation.create_stack if stack not in known else formation.update_stack
        known.add(stack)
        call(StackName=stack, TemplateBody=json.dumps(template), Parameters=given, Capabilities=["CAPABILITY_NAMED_IAM"])

    def status(stack):
        while (found := formation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]).endswith("IN_PROGRESS"):
            time.sleep(0.05)
        return found

    def roll(stack, *arguments):
        hold = cloud.orders / f"{ACCOUNT}.{stack}.Service.after"
        reached, fails = (hold.with_name(f"{hold.name}.{each}") for each in ("reached", "fails"))
        hold.write_text("")
        threading.Thread(target=request, args=(stack, *arguments)).start()
        while not reached.exists():
            time.sleep(0.05)
        at, failed = time.monotonic(), None
        try:
            scheduler.roll(stack)
        except RolloutFailed as error:
            failed = str(error)
            fails.write_text(failed)
        hold.unlink()
        ended = status(stack)
        for each in (reached, fails):
            each.unlink(missing_ok=True)
        say(f"{stack}: {ended} after {time.monotonic() - at:.1f} s")
        return ended, failed

    def two_tasks(template):
        template["Resources"]["ScalableTarget"]["Properties"]["MinCapacity"] = 2
        return template

    def broken(template):
        for container in template["Resources"]["TaskDefinition"]["Properties"]["ContainerDefinitions"]:
            if container["Name"] == "app":
                container["Command"] = ["no-such-command"]
        return two_tasks(template)

    known = set()
    with tempfile.TemporaryDirectory() as folder:
        cloud = Cloud(pathlib.Path(folder) / "cloud")
        formation = cloud.client("cloudformation")
        scheduler = Scheduler(cloud, folder, say, prefix="rt-check")
        try:
            for stack in ("Foundation", "ProdCluster"):
                request(stack)
                assert status(stack) == "CREATE_COMPLETE", stack
            for tag in ("1111111", "2222222"):
                for name in ("app", "proxy"):
                    reference = f"{cloud.registry}/penguin-school/{name}:{tag}"
                    for command in (["tag", f"penguin-{name}", reference], ["push", "--quiet", reference], ["rmi", reference]):
                        subprocess.run(["docker", *command], check=True, stdout=subprocess.DEVNULL)
            assert roll("ProdAppStack", "1111111", two_tasks) == ("CREATE_COMPLETE", None)
            load = Load(scheduler.url("ProdAppStack"))
            load.start()
            assert roll("ProdAppStack", "2222222", two_tasks) == ("UPDATE_COMPLETE", None)
            ended, failed = roll("ProdAppStack", "2222222", broken)
            assert ended == "UPDATE_ROLLBACK_COMPLETE", ended
            # Two tasks fail at a time.
            assert re.match(r"penguin-school-prod: [34] tasks failed to start: container app exited with code \d+: ", failed), (
                failed
            )
            say(failed)
            say(f"load: {load.finish()}")
            assert load.sent > 1000 and load.lost == 0
        finally:
            scheduler.stop()
            cloud.stop()


check_reachability()
check_decisions()
check_texts()
check_slots()
with unittest.mock.patch.object(services, "Task", FakeTask):
    check_services()
if "--real" in sys.argv:
    real()
print("the scheduler works as expected")
