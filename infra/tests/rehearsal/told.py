"""What the scheduler says of a service, in the shape of ECS's API: the mock's ECS answers with it, see ../stories/mock_aws.py."""

import json

RUNNING = "PROVISIONING", "PENDING", "ACTIVATING", "RUNNING"


def write(path, service):
    """Replaces the file for the mock."""
    text = json.dumps({"service": of_service(service), "tasks": [of_task(service, each) for each in service.tasks]})
    if text != service.told:
        new = path.with_suffix(".new")
        new.write_text(text)
        new.replace(path)
        service.told = text


def of_service(service):
    counts = count(service.tasks)
    return {
        "desiredCount": service.desired, **counts,
        "deployments": [of_deployment(service, each) for each in service.deployments],
        "events": [{"id": str(number), "createdAt": at, "message": text} for number, at, text in reversed(service.events[-100:])],
    }  # fmt: skip


def count(tasks):
    return {
        "runningCount": sum(each.status == "RUNNING" for each in tasks),
        "pendingCount": sum(each.status in RUNNING[:3] for each in tasks),
    }


def of_deployment(service, it):
    desired = service.desired if it is service.primary else 0
    return {
        "id": it.id, "status": "PRIMARY" if it is service.primary else "ACTIVE", "taskDefinition": it.definition["taskDefinitionArn"],
        "desiredCount": desired, **count([each for each in service.tasks if each.deployment is it]), "failedTasks": it.failed,
        "createdAt": it.created, "updatedAt": it.updated, "rolloutState": it.state, "rolloutStateReason": it.reason,
    }  # fmt: skip


def of_task(service, task):
    arn = f"{service.arn.replace(':service/', ':task/').rpartition('/')[0]}/{task.id}"
    containers = [
        {
            "name": each.name, "image": each.spec["image"], "lastStatus": each.status, "healthStatus": each.health, "taskArn": arn,
            **({"exitCode": each.exit_code} if each.exit_code is not None else {}), **({"reason": each.reason} if each.reason else {}),
        }
        for each in task.containers
    ]  # fmt: skip
    times = {"createdAt": task.created, "startedAt": task.started, "stoppingAt": task.stopping, "stoppedAt": task.stopped}
    reasons = {"stoppedReason": task.reason, "stopCode": task.code} if task.desired == "STOPPED" else {}
    return {
        "taskArn": arn, "clusterArn": service.described.service["clusterArn"], "launchType": "FARGATE",
        "taskDefinitionArn": task.definition["taskDefinitionArn"], "group": f"service:{service.name}", "startedBy": task.deployment.id,
        "lastStatus": task.status, "desiredStatus": "STOPPED" if task.status == "DEACTIVATING" else task.desired, "healthStatus": task.health, "containers": containers,
        "cpu": task.definition.get("cpu", "256"), "memory": task.definition.get("memory", "512"), **reasons,
        **{name: at for name, at in times.items() if at},
    }  # fmt: skip
