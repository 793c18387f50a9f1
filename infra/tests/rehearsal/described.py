"""What CloudFormation deployed, as AWS's calls describe it: a service with its task definition, load balancer and rules.

Read from the template of the stack instead: the weights of a listener's target groups, and the least number of tasks that
auto scaling keeps, since the mock does not return them.
"""

import dataclasses
import json

SERVICE = "AWS::ECS::Service"


@dataclasses.dataclass
class Described:
    """A stack with a service. All dictionaries are in the shape of the API that returned them."""

    stack: str
    service: dict
    definition: dict
    # None for a service without load balancer.
    target_group: dict = None
    target_attributes: dict = dataclasses.field(default_factory=dict)
    balancer: dict = None
    balancer_attributes: dict = dataclasses.field(default_factory=dict)
    listeners: list = dataclasses.field(default_factory=list)
    # ID → security group.
    groups: dict = dataclasses.field(default_factory=dict)
    alarms: list = dataclasses.field(default_factory=list)
    # What auto scaling raises the number of tasks to, once it is registered.
    least_tasks: int = 0

    @property
    def desired(self):
        return max(self.service["desiredCount"], self.least_tasks)

    @property
    def port(self):
        return self.service["loadBalancers"][0]["containerPort"] if self.service["loadBalancers"] else None

    @property
    def task_groups(self):
        return self.service["networkConfiguration"]["awsvpcConfiguration"].get("securityGroups", [])

    @property
    def balancer_groups(self):
        return self.balancer.get("SecurityGroups", [])

    @property
    def deregistration_delay(self):
        return float(self.target_attributes.get("deregistration_delay.timeout_seconds", 300))


def attributes(response):
    return {each["Key"]: each["Value"] for each in response["Attributes"]}


def read(cloud, stack):
    """Returns what a stack has deployed, or None if it has no service."""
    formation = cloud.client("cloudformation")
    physical = {
        each["LogicalResourceId"]: each.get("PhysicalResourceId", "")
        for each in formation.describe_stack_resources(StackName=stack)["StackResources"]
    }
    template = formation.get_template(StackName=stack)["TemplateBody"]
    resources = (template if isinstance(template, dict) else json.loads(template))["Resources"]
    if all(each["Type"] != SERVICE for each in resources.values()):
        return None
    containers = cloud.client("ecs")
    service = service_of(containers, stack)
    definition = containers.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    found = Described(stack, service, definition)
    found.alarms = service["deploymentConfiguration"].get("alarms", {}).get("alarmNames", [])
    found.least_tasks = max(
        (
            int(each["Properties"]["MinCapacity"])
            for each in resources.values()
            if each["Type"] == "AWS::ApplicationAutoScaling::ScalableTarget"
            and isinstance(each["Properties"]["MinCapacity"], int)
        ),
        default=0,
    )
    groups = set(found.task_groups)
    if service["loadBalancers"]:
        balancing = cloud.client("elbv2")
        group = service["loadBalancers"][0]["targetGroupArn"]
        found.target_group = balancing.describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]
        found.target_attributes = attributes(balancing.describe_target_group_attributes(TargetGroupArn=group))
        read_balancer(balancing, found, resources, physical)
        groups |= set(found.balancer_groups)
    if groups:
        listed = cloud.client("ec2").describe_security_groups(GroupIds=sorted(groups))["SecurityGroups"]
        found.groups = {each["GroupId"]: each for each in listed}
    return found


def service_of(containers, stack):
    """The service of a stack, by its tags: CloudFormation does not name a resource that it still creates."""
    for cluster in containers.list_clusters()["clusterArns"]:
        if arns := containers.list_services(cluster=cluster)["serviceArns"]:
            for service in containers.describe_services(cluster=cluster, services=arns, include=["TAGS"])["services"]:
                tags = {each["key"]: each["value"] for each in service.get("tags", [])}
                if tags.get("aws:cloudformation:stack-name") == stack:
                    return service
    raise LookupError(f"no service of the stack {stack} in ECS")


def read_balancer(balancing, found, resources, physical):
    arns = found.target_group["LoadBalancerArns"]
    if not arns:
        return
    found.balancer = balancing.describe_load_balancers(LoadBalancerArns=arns[:1])["LoadBalancers"][0]
    found.balancer_attributes = attributes(balancing.describe_load_balancer_attributes(LoadBalancerArn=arns[0]))
    found.listeners = balancing.describe_listeners(LoadBalancerArn=arns[0])["Listeners"]
    weights = {}
    for name, each in resources.items():
        if each["Type"] == "AWS::ElasticLoadBalancingV2::Listener":
            for action in each["Properties"]["DefaultActions"]:
                for target in action.get("ForwardConfig", {}).get("TargetGroups", []):
                    reference = target["TargetGroupArn"]
                    group = physical.get(reference.get("Ref")) if isinstance(reference, dict) else reference
                    weights.setdefault(physical.get(name), {})[group] = target.get("Weight", 1)
    for listener in found.listeners:
        listener["Rules"] = [
            rule for rule in balancing.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"] if not rule["IsDefault"]
        ]
        listener["Weights"] = weights.get(listener["ListenerArn"], {})
