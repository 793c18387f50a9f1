"""Faults that can be planted in the synthesized templates, to show that a rehearsal finds them."""

import dataclasses


def resources(template, kind):
    return [each for each in template["Resources"].values() if each["Type"] == kind]


def app_only(change):
    """Changes templates that have a service."""

    def changed(stack, template):
        if resources(template, "AWS::ECS::Service"):
            change(template)
        return template

    return changed


def swapped_ports(template):
    text = {"PROXY_LISTEN": "[::]:3000", "APP_LISTEN": "[::]:8080", "PROXY_UPSTREAM": "localhost:8080"}
    for task in resources(template, "AWS::ECS::TaskDefinition"):
        for container in task["Properties"]["ContainerDefinitions"]:
            for variable in container.get("Environment", []):
                variable["Value"] = text.get(variable["Name"], variable["Value"])


def health_path(template):
    for group in resources(template, "AWS::ElasticLoadBalancingV2::TargetGroup"):
        group["Properties"]["HealthCheckPath"] = "/no-such-page"


def listener_at_app(template):
    for listener in resources(template, "AWS::ElasticLoadBalancingV2::Listener"):
        listener["Properties"]["Port"] = 3000


def short_stop(template):
    for task in resources(template, "AWS::ECS::TaskDefinition"):
        for container in task["Properties"]["ContainerDefinitions"]:
            container["StopTimeout"] = 2


def early_release(stack, template):
    """RecordRelease before the deployment."""
    for pipeline in resources(template, "AWS::CodePipeline::Pipeline"):
        for stage in pipeline["Properties"]["Stages"]:
            for action in stage["Actions"]:
                if action["Name"] == "RecordRelease":
                    action["RunOrder"] = 1
                elif action["Name"] == "DeployDev":
                    action["RunOrder"] = 2
                elif action["Name"] == "SmokeTest" and stage["Name"] == "Deploy":
                    action["RunOrder"] = 3
    return template


def missing_permission(stack, template):
    """The deploy roles may not register task definitions."""
    for kind in ("AWS::IAM::Policy", "AWS::IAM::Role", "AWS::IAM::ManagedPolicy"):
        for resource in resources(template, kind):
            inline = [each["PolicyDocument"] for each in resource["Properties"].get("Policies", [])]
            for document in filter(None, [resource["Properties"].get("PolicyDocument"), *inline]):
                for statement in document["Statement"]:
                    if isinstance(statement["Action"], list) and "ecs:RegisterTaskDefinition" in statement["Action"]:
                        statement["Action"].remove("ecs:RegisterTaskDefinition")
    return template


@dataclasses.dataclass
class Fault:
    """What is changed, and what the rehearsal must say."""

    plant: object
    sign: str


FAULTS = {
    "swapped ports of proxy and app": Fault(app_only(swapped_ports), r"health check|exited|start"),
    "health path that does not exist": Fault(app_only(health_path), r"/no-such-page"),
    "listener at the app's port": Fault(app_only(listener_at_app), r"3000|smoke test"),
    "stop timeout below the drain": Fault(app_only(short_stop), r"stop timeout"),
    "latest release recorded before the deployment": Fault(early_release, r"not deployed to dev"),
    "deploy role without a permission": Fault(missing_permission, r"not authorized to perform: ecs:RegisterTaskDefinition"),
}
