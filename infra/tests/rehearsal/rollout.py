"""Decisions of a rolling deployment, as ECS takes them: how many tasks start and stop, which one failed, when to give up."""

import math


def threshold(breaker, desired):
    """Failed tasks at which the circuit breaker ends a deployment, or None without one.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
    """
    if not breaker.get("enable"):
        return None
    configured = breaker.get("thresholdConfiguration") or {}
    kind, value = configured.get("type", "BOUNDED_PERCENT"), configured.get("value", 50)
    if kind == "COUNT":
        return max(1, int(value))
    share = math.ceil(desired * value / 100)
    return max(1, share) if kind == "UNBOUNDED_PERCENT" else min(200, max(3, share))


def bounds(desired, configuration):
    """The least number of healthy tasks and the greatest number of tasks during a deployment.

    ECS rounds the minimum up and the maximum down.
    """
    least = math.ceil(desired * configuration.get("minimumHealthyPercent", 100) / 100)
    most = math.floor(desired * configuration.get("maximumPercent", 200) / 100)
    return least, most


def steps(desired, configuration, new, old, serving, idle):
    """How many new tasks to start, and how many old tasks to stop: of those that serve, and of those that do not.

    `new` and `old` are numbers of tasks that run or start, `serving` those of both that serve, `idle` the old ones that do not.
    ECS starts a replacement before it stops an unhealthy task, if the maximum allows it:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html
    """
    least, most = bounds(desired, configuration)
    start = max(0, min(desired - new, most - new - old))
    stop = max(0, min(old - idle, serving - least))
    if serving >= least:
        return start, stop, idle
    stuck = new < desired and start == 0
    return start, stop, min(idle, 1) if stuck else 0


def verdict(container_health, target, age, grace):
    """Why a task that runs for `age` seconds must be replaced, or None.

    ECS does not look at either health check during the grace period:
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html
    """
    if age < grace:
        return None
    if container_health == "UNHEALTHY":
        return "Task failed container health checks"
    if target == "unhealthy":
        return "Task failed ELB health checks"
    return None


def serves(status, container_health, checked, target):
    """Whether a task counts as healthy. `target` is None without a load balancer."""
    return status == "RUNNING" and (not checked or container_health == "HEALTHY") and target in (None, "healthy")


def failure(name, causes):
    """The reason of a failed rollout: the most frequent cause, then where it happened."""
    cause = max(set(causes), key=lambda each: (causes.count(each), causes.index(each)))
    tasks = "1 task" if len(causes) == 1 else f"{len(causes)} tasks"
    return f"{name}: {tasks} failed to start: {cause}"
