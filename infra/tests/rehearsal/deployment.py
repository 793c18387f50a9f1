"""CloudFormation: creates or updates stacks in the mock, with the rights of a role, and has the scheduler run their service."""

import json
import threading
import time

from botocore.exceptions import ClientError

import permissions
from scheduler import RolloutFailed

SERVICE = "AWS::ECS::Service"


class DeploymentFailed(Exception):
    """A stack could not be created or updated."""


class Stacks:
    """The stacks of the mock. `rehearsed` is called with a stack once its service is created or updated."""

    def __init__(self, cloud, scheduler):
        self.cloud, self.scheduler = cloud, scheduler
        self.client = cloud.client("cloudformation")

    def describe(self, stack):
        """Returns a stack, or None."""
        try:
            return self.client.describe_stacks(StackName=stack)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise

    def outputs(self, stack):
        return {each["OutputKey"]: each["OutputValue"] for each in self.describe(stack).get("Outputs", [])}

    def parameters(self, stack):
        """The values of a stack's parameters."""
        return {each["ParameterValue"] for each in self.describe(stack).get("Parameters", [])}

    def template(self, stack):
        body = self.client.get_template(StackName=stack)["TemplateBody"]
        return body if isinstance(body, dict) else json.loads(body)

    def deploy(self, stack, template, parameters=None, tags=None, role=None, fixture=None):
        """Creates or updates a stack and returns its outputs. With `fixture`, the role must be allowed each call."""
        there = self.describe(stack)
        refused = self.refused(stack, template, role, fixture, there) if fixture else {}
        orders = [self.order(stack, name, "fails") for name in refused]
        for order, reason in zip(orders, refused.values(), strict=True):
            order.write_text(reason)
        try:
            self.rolled(stack, template, lambda: self.request(stack, template, parameters or {}, tags or {}, role, there))
        finally:
            for order in orders:
                order.unlink(missing_ok=True)
        return self.outputs(stack)

    def refused(self, stack, template, role, fixture, there):
        """Resources that the role may not create, update or delete, each with the reason."""
        before = self.template(stack)["Resources"] if there else {}
        found = {}
        for name, resource in fixture.stacks[stack].items():
            phases = ("update" if name in before else "create", "read")
            calls = [call for phase in phases for call in permissions.of_resource(fixture, role, resource, phase)]
            if problem := permissions.denied(fixture, calls):
                found[name] = f"Access denied: {problem}"
        return found

    def order(self, stack, resource, what):
        return self.cloud.orders / f"{self.cloud.account}.{stack}.{resource}.{what}"

    def request(self, stack, template, parameters, tags, role, there):
        arguments = {
            "StackName": stack, "TemplateBody": json.dumps(template), "Capabilities": ["CAPABILITY_NAMED_IAM"],
            "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
            "Tags": [{"Key": name, "Value": value} for name, value in tags.items()],
            **({"RoleARN": role} if role else {}),
        }  # fmt: skip
        try:
            (self.client.update_stack if there else self.client.create_stack)(**arguments)
        except ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise DeploymentFailed(f"{stack}: {error}") from None

    def rolled(self, stack, template, action):
        """Runs an action that deploys a stack, and has the scheduler run its service before the stack is complete."""
        service = next((name for name, each in template["Resources"].items() if each["Type"] == SERVICE), None)
        if service is None:
            action()
            return self.wait(stack)
        hold = self.order(stack, service, "after")
        reached = hold.with_name(hold.name + ".reached")
        hold.write_text("")
        ended = threading.Event()
        failed = []

        def act():
            try:
                action()
                self.wait(stack)
            except Exception as error:
                failed.append(error)
            finally:
                ended.set()

        threading.Thread(target=act, daemon=True).start()
        try:
            while not reached.exists() and not ended.wait(0.05):
                pass
            if reached.exists():
                self.scheduler.roll(stack)
        except RolloutFailed as error:
            hold.with_name(hold.name + ".fails").write_text(str(error))
        finally:
            hold.unlink(missing_ok=True)
            ended.wait(120)
            for each in (reached, hold.with_name(hold.name + ".fails")):
                each.unlink(missing_ok=True)
        if failed:
            raise failed[0]

    def wait(self, stack):
        """Waits until a stack has its final status."""
        while True:
            status = self.describe(stack)["StackStatus"]
            if not status.endswith("IN_PROGRESS"):
                break
            time.sleep(0.05)
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            raise DeploymentFailed(f"{stack}: {status}: {self.cause(stack)}")

    def cause(self, stack):
        """The first failure of the last operation."""
        cause = "no reason given"
        for event in self.client.describe_stack_events(StackName=stack)["StackEvents"]:
            if event["ResourceStatus"].endswith("_FAILED") and "cancelled" not in event.get("ResourceStatusReason", ""):
                cause = f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', event['ResourceStatus'])}"
            own = event["ResourceType"] == "AWS::CloudFormation::Stack"
            if own and event["ResourceStatus"] in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"):
                break
        return cause
