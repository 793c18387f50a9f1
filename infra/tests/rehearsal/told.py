"""What the scheduler says of a service, in the shape of ECS's API: the mock answers with it, see ../stories/mock_aws.py."""

import json

PENDING = "PROVISIONING", "PENDING", "ACTIVATING"


def write(path, service):
    """Replaces the file for the mock."""
    text = json.dumps({"service": of_service(service), "tasks": [of_task(service, each) for each in service.tasks]})
    if text != service.told:
        new = path.with_suffix(".new")
        new.write_text(text)
        new.replace(path)
        service.told = text


def of_service(service):
    events = [{"id": str(number), "createdAt": at, "message": text} for number, at, text in service.events[-100:]]
    return {
        "desiredCount": service.desired,
        **count(service.tasks),
        "deployments": [of_deployment(service, each) for each in service.deployments],
        "events": events[::-1],
    }


def count(tasks):
    return {
        "runningCount": sum(each.status == "RUNNING" for each in tasks),
        "pendingCount": sum(each.status in PENDING for each in tasks),
    }


def of_deployment(service, it):
    return {
        "id": it.id,
        "status": "PRIMARY" if it is service.primary else "ACTIVE",
        "taskDefinition": it.definition["taskDefinitionArn"],
        "desiredCount": service.desired if it is service.primary else 0,
        **count([each for each in service.tasks if each.deployment is it]),
        "failedTasks": it.failed,
        "createdAt": it.created,
        "updatedAt": it.updated,
        "rolloutState": it.state,
        "rolloutStateReason": it.reason,
    }


def of_task(service, task):
    arn = f"{service.arn.replace(':service/', ':task/').rpartition('/')[0]}/{task.id}"
    told = {
        "taskArn": arn,
        "clusterArn": service.described.service["clusterArn"],
        "launchType": "FARGATE",
        "taskDefinitionArn": task.definition["taskDefinitionArn"],
        "group": f"service:{service.name}",
        "startedBy": task.deployment.id,
        "lastStatus": task.status,
        "desiredStatus": "STOPPED" if task.status == "DEACTIVATING" else task.desired,
        "healthStatus": task.health,
        "containers": [of_container(each, arn) for each in task.containers],
        "cpu": task.definition.get("cpu", "256"),
        "memory": task.definition.get("memory", "512"),
        "createdAt": task.created,
        "startedAt": task.started,
        "stoppingAt": task.stopping,
        "stoppedAt": task.stopped,
    }
    if task.desired == "STOPPED":
        told |= {"stoppedReason": task.reason, "stopCode": task.code}
    # AWS leaves out what has no value yet.
    return {name: value for name, value in told.items() if value is not None}


def of_container(container, task):
    told = {
        "name": container.name,
        "image": container.spec["image"],
        "lastStatus": container.status,
        "healthStatus": container.health,
        "taskArn": task,
        "exitCode": container.exit_code,
        "reason": container.reason or None,
    }
    return {name: value for name, value in told.items() if value is not None}
