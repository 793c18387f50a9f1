"""An account in which all templates are deployed: what every resource is called there, and what its properties come to.

References are followed through the SSM parameters from stack to stack, so that a policy is read as IAM would read it.
"""

import functools
import hashlib
import json
import pathlib
import re
import sys

import authorization

PSEUDO = re.compile(r"AWS::\w+$")


class Resource:
    """A deployed resource."""

    def __init__(self, fixture, stack, name, body):
        self.fixture, self.stack, self.name = fixture, stack, name
        self.kind, self.body = body["Type"], body
        self.raw = body.get("Properties", {})

    @functools.cached_property
    def properties(self):
        return self.fixture.resolve(self.stack, self.raw)

    @functools.cached_property
    def tags(self):
        """Its own, and those of its stack where its type takes any."""
        tags = self.properties.get("Tags", {})
        own = tags if isinstance(tags, dict) else {tag["Key"]: tag["Value"] for tag in tags}
        takes = "Tags" in authorization.schema(self.kind)["properties"]
        return {**(self.fixture.tags.get(self.stack, {}) if takes else {}), **own}

    def __repr__(self):
        return f"{self.stack}/{self.name} ({self.kind.removeprefix('AWS::')})"

    # What CloudFormation makes up.
    def auto(self, most=255):
        return f"{self.stack}-{self.name}"[: most - 13] + "-1A2B3C4D5E6F"

    def digest(self, length):
        return hashlib.sha256(f"{self.stack}/{self.name}".encode()).hexdigest()[:length]

    def get(self, key, default=None):
        return self.fixture.resolve(self.stack, self.raw[key]) if key in self.raw else default

    def arn_of(self, service, rest, region=True, account=True):
        where, whose = self.fixture.region if region else "", self.fixture.account if account else ""
        return f"arn:aws:{service}:{where}:{whose}:{rest}"

    @functools.cached_property
    def ids(self):
        """(what Ref gives, the ARN)."""
        make = NAMES.get(self.kind)
        if make is None:
            raise SystemExit(f"the simulator does not know what {self.kind} is called: add it to simulator/fixture.py")
        return make(self)

    @property
    def arn(self):
        return self.ids[1]

    def attribute(self, name):
        ref, arn = self.ids
        if name == "Arn":
            return arn + ":*" if self.kind == "AWS::Logs::LogGroup" else arn
        if self.kind == "AWS::ECS::Service" and name == "Name":
            return arn.rsplit("/", 1)[1]
        if name in ("LoadBalancerFullName", "TargetGroupFullName"):
            return arn.split(":", 5)[5].removeprefix("loadbalancer/")
        if name == "CanonicalHostedZoneID":
            return "Z0ELB"
        if name in ("DNSName", "RepositoryUri", "DomainName"):
            return f"{ref.rsplit('/', 1)[-1]}.example.amazonaws.com".lower()
        return ref


def ec2(short, kind):
    def make(it):
        name = f"{short}-{it.digest(17)}"
        return name, it.arn_of("ec2", f"{kind}/{name}")

    return make


def balancer(it):
    arn = it.arn_of("elasticloadbalancing", f"loadbalancer/app/{it.auto(32)}/{it.digest(16)}")
    return arn, arn


def below_balancer(kind):
    def make(it):
        above = it.get("LoadBalancerArn") or it.get("ListenerArn")
        arn = re.sub(r":(loadbalancer|listener)/", f":{kind}/", above) + "/" + it.digest(16)
        return arn, arn

    return make


def named(key, service, rest="{}", region=True, account=True, lower=False, ref_is_arn=False):
    def make(it):
        name = it.get(key) or (it.auto(63).lower() if lower else it.auto())
        arn = it.arn_of(service, rest.format(name), region, account)
        return (arn if ref_is_arn else name), arn

    return make


def plain(service, rest, ref_is_arn=False):
    """With an id that AWS makes up."""

    def make(it):
        identity = it.digest(32)
        arn = it.arn_of(service, rest.format(identity))
        return (arn if ref_is_arn else identity), arn

    return make


def service(it):
    cluster = it.get("Cluster").rsplit("/", 1)[-1]
    arn = it.arn_of("ecs", f"service/{cluster}/{it.auto()}")
    return arn, arn


def task_definition(it):
    arn = it.arn_of("ecs", f"task-definition/{it.get('Family')}:1")
    return arn, arn


def scalable_target(it):
    target = f"{it.get('ResourceId')}|{it.get('ScalableDimension')}|{it.get('ServiceNamespace')}"
    return target, it.arn_of("application-autoscaling", f"scalable-target/{it.digest(32)}")


def parameter(it):
    name = it.get("Name") or it.auto()
    return name, it.arn_of("ssm", f"parameter/{name.lstrip('/')}")


def of_another(key):
    """What has no ARN of its own: a policy of a bucket, an attachment of a gateway."""

    def make(it):
        value = it.get(key)
        value = value[0] if isinstance(value, list) else value
        for other in it.fixture.resources:
            if other is not it and other.kind in ANCHORS and value in other.ids:
                return it.digest(12), other.arn
        return it.digest(12), f"arn:aws:none:::{value}"

    return make


def record(it):
    """A record has no ARN: it is its zone that is changed."""
    return it.get("Name"), f"arn:aws:route53:::hostedzone/{it.get('HostedZoneId')}"


ANCHORS = {
    "AWS::S3::Bucket", "AWS::SNS::Topic", "AWS::EC2::VPC", "AWS::EC2::RouteTable", "AWS::EC2::Subnet", "AWS::IAM::Role",
    "AWS::ApplicationAutoScaling::ScalableTarget", "AWS::KMS::Key",
}  # fmt: skip

NAMES = {
    "AWS::ApplicationAutoScaling::ScalableTarget": scalable_target,
    "AWS::ApplicationAutoScaling::ScalingPolicy": of_another("ScalingTargetId"),
    "AWS::CertificateManager::Certificate": plain("acm", "certificate/{}", ref_is_arn=True),
    "AWS::CloudWatch::Alarm": named("AlarmName", "cloudwatch", "alarm:{}"),
    "AWS::CloudWatch::Dashboard": named("DashboardName", "cloudwatch", "dashboard/{}", region=False),
    "AWS::CodeBuild::Project": named("Name", "codebuild", "project/{}"),
    "AWS::CodeConnections::Connection": plain("codeconnections", "connection/{}", ref_is_arn=True),
    "AWS::CodePipeline::Pipeline": named("Name", "codepipeline"),
    "AWS::CodePipeline::Webhook": named("Name", "codepipeline", "webhook:{}"),
    "AWS::EC2::EIP": ec2("eipalloc", "elastic-ip"),
    "AWS::EC2::FlowLog": ec2("fl", "vpc-flow-log"),
    "AWS::EC2::InternetGateway": ec2("igw", "internet-gateway"),
    "AWS::EC2::NatGateway": ec2("nat", "natgateway"),
    "AWS::EC2::Route": of_another("RouteTableId"),
    "AWS::EC2::RouteTable": ec2("rtb", "route-table"),
    "AWS::EC2::SecurityGroup": ec2("sg", "security-group"),
    "AWS::EC2::SecurityGroupEgress": ec2("sgr", "security-group-rule"),
    "AWS::EC2::SecurityGroupIngress": ec2("sgr", "security-group-rule"),
    "AWS::EC2::Subnet": ec2("subnet", "subnet"),
    "AWS::EC2::SubnetRouteTableAssociation": of_another("RouteTableId"),
    "AWS::EC2::VPC": ec2("vpc", "vpc"),
    "AWS::EC2::VPCEndpoint": ec2("vpce", "vpc-endpoint"),
    "AWS::EC2::VPCGatewayAttachment": of_another("VpcId"),
    "AWS::ECR::Repository": named("RepositoryName", "ecr", "repository/{}"),
    "AWS::ECS::Cluster": named("ClusterName", "ecs", "cluster/{}"),
    "AWS::ECS::Service": service,
    "AWS::ECS::TaskDefinition": task_definition,
    "AWS::ElasticLoadBalancingV2::Listener": below_balancer("listener"),
    "AWS::ElasticLoadBalancingV2::ListenerRule": below_balancer("listener-rule"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": balancer,
    "AWS::ElasticLoadBalancingV2::TargetGroup": lambda it: (
        (arn := it.arn_of("elasticloadbalancing", f"targetgroup/{it.auto(32)}/{it.digest(16)}")),
        arn,
    ),
    "AWS::Events::Rule": named("Name", "events", "rule/{}"),
    "AWS::IAM::ManagedPolicy": named("ManagedPolicyName", "iam", "policy/{}", region=False, ref_is_arn=True),
    "AWS::IAM::Policy": of_another("Roles"),
    "AWS::IAM::Role": named("RoleName", "iam", "role/{}", region=False),
    "AWS::KMS::Alias": named("AliasName", "kms", "{}"),
    "AWS::KMS::Key": plain("kms", "key/{}"),
    "AWS::Logs::LogGroup": named("LogGroupName", "logs", "log-group:{}"),
    "AWS::Logs::QueryDefinition": plain("logs", "query-definition:{}"),
    "AWS::Route53::RecordSet": record,
    "AWS::S3::Bucket": named("BucketName", "s3", region=False, account=False, lower=True),
    "AWS::S3::BucketPolicy": of_another("Bucket"),
    "AWS::SecretsManager::Secret": plain("secretsmanager", "secret:{}", ref_is_arn=True),
    "AWS::SNS::Subscription": plain("sns", "topic:{}", ref_is_arn=True),
    "AWS::SNS::Topic": named("TopicName", "sns", ref_is_arn=True),
    "AWS::SNS::TopicPolicy": of_another("Topics"),
    "AWS::SSM::Parameter": parameter,
}


class Fixture:
    """All stacks of one settings file."""

    def __init__(self, templates, account="111122223333", region="eu-central-1", tags=None):
        self.tags = tags or {}
        self.account, self.region, self.templates = account, region, templates
        self.stacks = {
            stack: {name: Resource(self, stack, name, body) for name, body in template["Resources"].items()}
            for stack, template in templates.items()
        }
        self.parameters, self.neighbours, self.policies = {}, {}, {}
        for stack, resources in self.stacks.items():
            for it in resources.values():
                if it.kind == "AWS::SSM::Parameter":
                    self.parameters[it.ids[0]] = it

    @functools.cached_property
    def resources(self):
        return [it for resources in self.stacks.values() for it in resources.values()]

    def of_kind(self, kind):
        return [it for it in self.resources if it.kind == kind]

    def ref(self, stack, name):
        pseudo = {
            "AWS::AccountId": self.account, "AWS::Region": self.region, "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com", "AWS::StackName": stack, "AWS::NoValue": None,
            "AWS::StackId": f"arn:aws:cloudformation:{self.region}:{self.account}:stack/{stack}/1a2b3c4d",
        }  # fmt: skip
        if PSEUDO.match(name):
            return pseudo[name]
        if name in self.stacks[stack]:
            return self.stacks[stack][name].ids[0]
        parameter = self.templates[stack]["Parameters"][name]
        # The tool looks up the zone, and knows the release.
        default = parameter.get("Default", "Z0A1B2C3D" if "HostedZoneId" in name else "4f2a9c0")
        if parameter["Type"].startswith("AWS::SSM::Parameter::Value"):
            source = self.parameters.get(default)
            # The tag of the images is in a parameter that no stack owns.
            value = source.properties["Value"] if source else "4f2a9c0"
            return value.split(",") if "List<" in parameter["Type"] else value
        return default

    def resolve(self, stack, value):
        if isinstance(value, list):
            return [self.resolve(stack, each) for each in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((function, argument),) = value.items()
            if function == "Ref":
                return self.ref(stack, argument)
            if function == "Fn::GetAtt":
                name, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
                return self.stacks[stack][name].attribute(attribute)
            if function == "Fn::Sub":
                text, given = (argument, {}) if isinstance(argument, str) else argument
                given = self.resolve(stack, given)

                def one(match):
                    name = match[1]
                    if name.startswith("!"):
                        return "${" + name[1:] + "}"
                    if name in given:
                        return given[name]
                    if "." in name:
                        return self.resolve(stack, {"Fn::GetAtt": name.split(".", 1)})
                    return self.ref(stack, name)

                return re.sub(r"\$\{([^}]+)\}", one, text)
            if function == "Fn::Join":
                return argument[0].join(self.resolve(stack, argument[1]))
            if function == "Fn::Select":
                return self.resolve(stack, argument[1])[int(argument[0])]
            if function == "Fn::Split":
                return self.resolve(stack, argument[1]).split(argument[0])
            if function == "Fn::GetAZs":
                return [self.region + letter for letter in "abc"]
            if function.startswith("Fn::"):
                raise SystemExit(f"{stack}: the simulator does not know {function}: {json.dumps(value)}")
        return {key: self.resolve(stack, each) for key, each in value.items()}

    def near(self, it):
        """As `find_near`, remembered."""
        key = (it.stack, it.name)
        if key not in self.neighbours:
            self.neighbours[key] = self.find_near(it)
        return self.neighbours[key]

    def find_near(self, it):
        """The resource, those that it refers to, across stacks, and those in its stack that refer to it."""
        found = [it]
        for name in names_in(it.raw):
            name = name.split(".")[0]
            if name in self.stacks[it.stack]:
                found.append(self.stacks[it.stack][name])
            elif name in self.templates[it.stack].get("Parameters", {}):
                values = self.ref(it.stack, name)
                for value in values if isinstance(values, list) else [values]:
                    found += [other for other in self.resources if value in other.ids and other.kind != "AWS::SSM::Parameter"]
        found += [other for other in self.stacks[it.stack].values() if it.name in {n.split(".")[0] for n in names_in(other.raw)}]
        return found

    def statements(self, role_arn):
        """The statements of all policies of a role."""
        if role_arn not in self.policies:
            found = []
            for it in self.resources:
                if it.kind == "AWS::IAM::Policy" and any(role_arn.endswith(f"role/{name}") for name in it.properties["Roles"]):
                    found += it.properties["PolicyDocument"]["Statement"]
                if it.kind == "AWS::IAM::Role" and it.arn == role_arn:
                    for policy in it.properties.get("Policies", []):
                        found += policy["PolicyDocument"]["Statement"]
            self.policies[role_arn] = found
        return self.policies[role_arn]

    def at(self, arn):
        """The resource with this ARN."""
        return self.by_arn.get(arn)

    @functools.cached_property
    def by_arn(self):
        return {it.arn: it for it in reversed(self.resources) if it.kind not in UNANCHORED}


UNANCHORED = {kind for kind, make in NAMES.items() if make is record or "of_another" in getattr(make, "__qualname__", "")}


def names_in(value):
    """The names that a value refers to."""
    if isinstance(value, list):
        for each in value:
            yield from names_in(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key == "Ref":
                yield each
            elif key == "Fn::GetAtt":
                yield each[0] if isinstance(each, list) else each
            elif key == "Fn::Sub":
                yield from re.findall(r"\$\{([^!}][^}]*)\}", each if isinstance(each, str) else each[0])
                yield from names_in(each)
            else:
                yield from names_in(each)


def templates(folder):
    found = {path.name.split(".")[0]: json.loads(path.read_text()) for path in sorted(pathlib.Path(folder).glob("*.template.json"))}
    if len(found) < 8:
        sys.exit(f"{folder} holds {len(found)} templates, and there are 8 stacks")
    return found


def tags_of_stacks(folder):
    """Tags that a pipeline gives a stack, by the configuration that it deploys with."""
    return {
        path.name.split(".")[0]: json.loads(path.read_text()).get("Tags", {})
        for path in pathlib.Path(folder).glob("*.configuration.json")
    }
