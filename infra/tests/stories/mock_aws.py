"""ministack as the stories need it: on loopback, whole templates, and as slow as AWS where a story asks for it.

Environment:

MOCK_AWS_PORT    port on 127.0.0.1
MOCK_AWS_BRAKE   seconds that every resource takes, 0 if unset
MOCK_AWS_ORDERS  a folder. While it holds a file ACCOUNT.STACK.RESOURCE, what is done to that resource does not end; if
                 the file is ACCOUNT.STACK.RESOURCE.fails, it fails, with what the file says as the reason.
                 ACCOUNT.STACK.RESOURCE.after does the same to a resource that was created or updated already, except by a
                 rollback: it makes a file ….after.reached, and the resource fails if there is a file ….after.fails.
                 ACCOUNT.ecs.SERVICE.json replaces what ECS says of a service and its tasks. One-off tasks end at once,
                 with the exit code in the file ACCOUNT.exits, 0 without it; ACCOUNT.ran gets a line for each
MOCK_AWS_ONE_OFF a program that runs one-off tasks instead: it gets the task definition; output and exit code are the task's

An access key of twelve digits is an account of its own, so that stories do not meet. The process ends with its
standard input, that is with whoever started it.

Change sets, events, rollbacks, parameters, images and tasks are ministack's own; only what surrounds them is here.
"""

import contextvars
import json
import os
import pathlib
import subprocess
import sys
import threading
import time
import uuid

port = os.environ["MOCK_AWS_PORT"]
brake = float(os.environ.get("MOCK_AWS_BRAKE", "0"))
orders = pathlib.Path(os.environ["MOCK_AWS_ORDERS"])

os.environ.update(
    BIND_HOST="127.0.0.1",
    GATEWAY_PORT=port,
    LOG_LEVEL="ERROR",
    # Containers of tasks are not started: the stories are about stacks.
    DOCKER_HOST="unix:///nonexistent",
)

from ministack import app  # noqa: E402
from ministack.core.responses import get_account_id  # noqa: E402
from ministack.services import cloudwatch_logs, ec2, ecs  # noqa: E402
from ministack.services.cloudformation import _stacks, provisioners, stacks  # noqa: E402

# Types that ministack refuses. Their templates are sent as they are, so they are taken for granted here.
UNKNOWN = {
    "AWS::ApplicationAutoScaling::ScalableTarget": {},
    "AWS::ApplicationAutoScaling::ScalingPolicy": {},
    "AWS::CodeConnections::Connection": {
        "ConnectionArn": "arn:aws:codeconnections:eu-west-1:123456789012:connection/0001",
        "ConnectionStatus": "PENDING",
    },
    "AWS::CodePipeline::Pipeline": {"Version": "1"},
    "AWS::EC2::EIP": {"AllocationId": "eipalloc-0001", "PublicIp": "192.0.2.1"},
    "AWS::EC2::FlowLog": {"Id": "fl-0001"},
    "AWS::EC2::NatGateway": {"NatGatewayId": "nat-0001"},
    "AWS::Logs::QueryDefinition": {"QueryDefinitionId": "00000000-0000-4000-8000-000000000001"},
}


def taken_for_granted(attributes):
    def create(logical_id, properties, stack_name):
        return f"{stack_name}-{logical_id}-{uuid.uuid4().hex[:12]}", dict(attributes)

    def update(physical_id, old, new, stack_name):
        return physical_id, dict(attributes)

    def delete(physical_id, properties):
        return None

    return {"create": create, "update": update, "delete": delete}


for kind, attributes in UNKNOWN.items():
    if kind in provisioners._RESOURCE_HANDLERS:
        sys.exit(f"ministack knows {kind} by now: take it off the list")
    provisioners._RESOURCE_HANDLERS[kind] = taken_for_granted(attributes)


def with_metric_math(alarm):
    """The handlers of alarms, which ministack creates only without metric math: the others are taken for granted."""

    def granted(name):
        return name, {"Arn": f"arn:aws:cloudwatch:eu-west-1:{get_account_id()}:alarm:{name}"}

    def create(logical_id, properties, stack_name):
        if "Metrics" not in properties:
            return alarm["create"](logical_id, properties, stack_name)
        return granted(f"{stack_name}-{logical_id}-{uuid.uuid4().hex[:12]}")

    def update(physical_id, old, new, *rest):
        if "Metrics" not in new:
            return alarm["update"](physical_id, old, new, *rest)
        return granted(physical_id)

    return alarm | {"create": create, "update": update}


def rules_of_security_groups(key):
    """The handlers of rules that stand beside their security group, which ministack knows only within it."""

    def permissions(properties):
        return ec2._security_groups[properties["GroupId"]].setdefault(key, [])

    def create(logical_id, properties, stack_name):
        permissions(properties).extend(provisioners._ec2_sg_permissions([properties]))
        identity = f"sgr-{uuid.uuid4().hex[:17]}"
        return identity, {"Id": identity}

    def delete(physical_id, properties):
        if properties.get("GroupId") in ec2._security_groups:
            provisioners._ec2_sg_reconcile(permissions(properties), provisioners._ec2_sg_permissions([properties]), [])

    def update(physical_id, old, new, stack_name):
        delete(physical_id, old)
        return create(None, new, stack_name)

    return {"create": create, "update": update, "delete": delete}


provisioners._RESOURCE_HANDLERS["AWS::EC2::SecurityGroupEgress"] = rules_of_security_groups("IpPermissionsEgress")
provisioners._RESOURCE_HANDLERS["AWS::EC2::SecurityGroupIngress"] = rules_of_security_groups("IpPermissions")

ALARM = "AWS::CloudWatch::Alarm"
provisioners._RESOURCE_HANDLERS[ALARM] = with_metric_math(provisioners._RESOURCE_HANDLERS[ALARM])


def obey(stack_name, logical_id):
    time.sleep(brake)
    order = orders / f"{get_account_id()}.{stack_name}.{logical_id}"
    while order.exists():
        time.sleep(0.02)
    refusal = order.with_name(order.name + ".fails")
    if refusal.exists():
        raise ValueError(refusal.read_text())


def obey_after(stack_name, logical_id):
    order = orders / f"{get_account_id()}.{stack_name}.{logical_id}.after"
    if "ROLLBACK" in _stacks.get(stack_name, {}).get("StackStatus", ""):
        return
    if order.exists():
        order.with_name(order.name + ".reached").touch()
    while order.exists():
        time.sleep(0.02)
    refusal = order.with_name(order.name + ".fails")
    if refusal.exists():
        raise ValueError(refusal.read_text())


def slow_provision(kind, logical_id, properties, stack_name, inner=stacks._provision_resource):
    obey(stack_name, logical_id)
    made = inner(kind, logical_id, properties, stack_name)
    obey_after(stack_name, logical_id)
    return made


def slow_update(kind, physical_id, old, new, stack_name, logical_id=None, attributes=None, inner=stacks._update_resource):
    if old != new:
        obey(stack_name, logical_id)
    made = inner(kind, physical_id, old, new, stack_name, logical_id, attributes)
    if old != new:
        obey_after(stack_name, logical_id)
    return made


def slow_delete(kind, physical_id, properties, stack_name=None, logical_id=None, inner=stacks._delete_resource):
    obey(stack_name, logical_id)
    return inner(kind, physical_id, properties, stack_name, logical_id)


# Maps whose keys are the user's own.
OWN_KEYS = {"options", "dockerLabels", "driverOpts", "labels"}


def in_camel_case(value):
    if isinstance(value, list):
        return [in_camel_case(each) for each in value]
    if not isinstance(value, dict):
        return value
    renamed = {key[0].lower() + key[1:]: each for key, each in value.items()}
    return {key: each if key in OWN_KEYS else in_camel_case(each) for key, each in renamed.items()}


# ministack keeps what lies deeper in containers as templates write it, which no SDK can read.
provisioners._normalize_container_defs = in_camel_case


def whole_definition(logical_id, properties, stack_name, inner=provisioners._ecs_task_def_create):
    arn, attributes = inner(logical_id, properties, stack_name)
    definition = ecs._task_defs[arn.rpartition("/")[2]]
    for key in ("RuntimePlatform", "EphemeralStorage", "Volumes"):
        if key in properties:
            definition[key[0].lower() + key[1:]] = in_camel_case(properties[key])
    return arn, attributes


def whole_service(logical_id, properties, stack_name, inner=provisioners._ecs_service_create):
    arn, attributes = inner(logical_id, properties, stack_name)
    service = ecs._services["/".join(arn.split("/")[-2:])]
    for key in ("HealthCheckGracePeriodSeconds", "PlatformVersion", "PropagateTags"):
        if key in properties:
            service[key[0].lower() + key[1:]] = properties[key]
    return arn, attributes


# An update of a task definition creates a revision by the module's own function.
provisioners._ecs_task_def_create = whole_definition
provisioners._RESOURCE_HANDLERS["AWS::ECS::TaskDefinition"]["create"] = whole_definition
provisioners._RESOURCE_HANDLERS["AWS::ECS::Service"]["create"] = whole_service


def told(service):
    """What the rehearsal's scheduler says of a service: `service` and `tasks` in the shape of ECS's API, or None."""
    try:
        return json.loads((orders / f"{get_account_id()}.ecs.{service}.json").read_text())
    except FileNotFoundError:
        return None


def described_services(data, inner=ecs._describe_services):
    status, headers, body = inner(data)
    answer = json.loads(body)
    for service in answer.get("services", []):
        if (said := told(service["serviceName"])) and service["status"] == "ACTIVE":
            service.update(said["service"])
    return status, headers, json.dumps(answer)


def listed_tasks(data, inner=ecs._list_tasks):
    said = told(data.get("serviceName", "").rpartition("/")[2])
    if said is None:
        return inner(data)
    wanted = data.get("desiredStatus", "RUNNING")
    return ecs.json_response({"taskArns": [each["taskArn"] for each in said["tasks"] if each["desiredStatus"] == wanted]})


def described_tasks(data, inner=ecs._describe_tasks):
    known = {}
    for order in orders.glob(f"{get_account_id()}.ecs.*.json"):
        known |= {task["taskArn"].rpartition("/")[2]: task for task in json.loads(order.read_text())["tasks"]}
    asked = [each.rpartition("/")[2] for each in data.get("tasks", [])]
    status, headers, body = inner({**data, "tasks": [each for each in asked if each not in known]})
    answer = json.loads(body)
    answer.setdefault("tasks", []).extend(known[each] for each in asked if each in known)
    return status, headers, json.dumps(answer)


def one_off(data, inner=ecs._run_task):
    response = inner(data)
    for started in json.loads(response[2])["tasks"]:
        task = ecs._tasks[started["taskArn"]]
        definition = ecs._task_defs[ecs._resolve_td_key(started["taskDefinitionArn"])]
        if "MOCK_AWS_ONE_OFF" in os.environ:
            # Beside the web server, which the program asks for images and secrets.
            within = contextvars.copy_context()
            threading.Thread(target=within.run, args=(run_one_off, task, definition), daemon=True).start()
        elif data.get("startedBy") == "infra":
            account = get_account_id()
            exits, ran = (orders / f"{account}.{what}" for what in ("exits", "ran"))
            [container] = definition["containerDefinitions"]
            command = " ".join(container["command"])
            end_one_off(task, container, int(exits.read_text()) if exits.exists() else 0, [f"ran {command}"])
            with ran.open("a") as lines:
                lines.write(f"{container['image'].rsplit(':', 1)[-1]} {command}\n")
    return response


def run_one_off(task, definition):
    program = subprocess.run(
        [sys.executable, os.environ["MOCK_AWS_ONE_OFF"]], input=json.dumps(definition), capture_output=True, text=True
    )
    lines = [*program.stdout.splitlines(), *program.stderr.splitlines()]
    end_one_off(task, definition["containerDefinitions"][0], program.returncode, lines)


def end_one_off(task, definition, code, lines):
    options = definition["logConfiguration"]["options"]
    log = {
        "logGroupName": options["awslogs-group"],
        "logStreamName": f"{options['awslogs-stream-prefix']}/app/{task['taskArn'].rsplit('/', 1)[-1]}",
    }
    cloudwatch_logs._create_log_stream(log)
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in lines or ["(no output)"]]
    cloudwatch_logs._put_log_events(log | {"logEvents": events})
    [container] = task["containers"]
    container["exitCode"] = code
    task["stoppedReason"], task["stoppedAt"] = "Essential container in task exited", task["startedAt"]
    container["lastStatus"] = task["lastStatus"] = task["desiredStatus"] = "STOPPED"


ecs._ACTION_MAP |= {
    "DescribeServices": described_services, "ListTasks": listed_tasks, "DescribeTasks": described_tasks, "RunTask": one_off,
}  # fmt: skip
stacks._provision_resource = slow_provision
stacks._update_resource = slow_update
stacks._delete_resource = slow_delete
# What takes time happens beside the web server, not in it.
stacks._runs_on_worker_thread = lambda kind: True


def end_with_the_starter():
    sys.stdin.buffer.read()
    os._exit(0)


threading.Thread(target=end_with_the_starter, daemon=True).start()
sys.argv = ["ministack"]
app.main()
