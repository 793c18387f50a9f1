"""Checks a fixture for missing, ineffective and excessive permissions."""

import re

import actors
import authorization
import iam
from needs import CONCERNS, Unknown, context_of, only_known
from fixture import UNANCHORED

# Actions that change something and know neither resources nor conditions, so that nothing keeps them within an environment.
KNOWS_NO_BOUNDS = {
    "acm:RequestCertificate": "its condition on the domain is judged by `foreign_records`",
    "ecs:DeregisterTaskDefinition": "knows no resources; a revision that tasks run stays in use",
}


def missing(fixture):
    """Calls that are not allowed."""
    for role, call in actors.all_calls(fixture):
        if not iam.allowed(fixture.statements(role), call.action, call.resource, call.context):
            yield f"missing: {role.split('/')[-1]} may not {call.action} on {call.resource}, {call.why}"
    for service, statements, action, resource, context, why in actors.service_requests(fixture):
        for_it = [each for each in statements if each["Effect"] == "Deny" or actors.principal(each, service)]
        if not iam.allowed(for_it, action, resource, context):
            yield f"missing: {service} may not {action} on {resource}, {why}"
    for arn, service, context in actors.trusts(fixture):
        role = fixture.at(arn)
        if role is None:
            continue
        document = role.properties["AssumeRolePolicyDocument"]["Statement"]
        for_it = [each for each in document if actors.principal(each, service)]
        if not iam.allowed([{**each, "Resource": "*"} for each in for_it], "sts:AssumeRole", arn, context):
            yield f"missing: {service} may not take the role {arn.split('/')[-1]}"


def documents(fixture):
    """(where, resource, statement, does it belong to an identity) of every policy."""
    for it in fixture.resources:
        for key in ("PolicyDocument", "KeyPolicy", "AssumeRolePolicyDocument"):
            if key in it.properties:
                for statement in it.properties[key]["Statement"]:
                    yield it, it, statement, key == "PolicyDocument" and it.kind.startswith("AWS::IAM")
        for policy in it.properties.get("Policies", []) if it.kind == "AWS::IAM::Role" else []:
            for statement in policy["PolicyDocument"]["Statement"]:
                yield it, it, statement, True


def meaningless_in(statement, where, identity=True):
    """Actions that do not exist, and conditions that their actions can never meet."""
    for pattern in iam.many(statement["Action"]):
        names = authorization.expand(pattern)
        if not names or any(authorization.action(name) is None for name in names):
            yield f"no such action: {pattern}, in {where}"
            continue
        if not identity:
            continue
        for operator, lines in statement.get("Condition", {}).items():
            for key in lines:
                for name in names:
                    kinds = [kind for kind in authorization.kinds(name) if concerns(name, kind, statement)] or [""]
                    if not any(authorization.knows(name, kind, key) for kind in kinds):
                        yield f"no such condition: {name} does not know {key} ({operator}), in {where}"


def concerns(action, kind, statement):
    """True if a statement's resources can be of this kind."""
    service = authorization.SERVICES[action.split(":")[0].lower()]
    arn = service["resources"][authorization.resource_name(service, kind)]["arn"]
    start = re.split(r"\$\{\w+\}", arn.split(":", 5)[5])[0]
    for pattern in iam.many(statement.get("Resource", "*")):
        rest = pattern.split(":", 5)[5] if pattern.count(":") >= 5 else "*"
        fixed = rest.split("*")[0]
        if fixed.startswith(start) or start.startswith(fixed):
            return True
    return False


def meaningless(fixture):
    for it, _, statement, identity in documents(fixture):
        yield from meaningless_in(statement, it, identity)


# Actions that know resources and are allowed on all of them, why.
ON_EVERYTHING = {
    "cloudwatch:DescribeAlarms": "only looks; a call without names is evaluated on all alarms, and scaling makes such calls",
}


def broad(fixture):
    """Actions that are allowed on everything, although they know resources."""
    for it, _, statement, identity in documents(fixture):
        if identity and statement["Effect"] == "Allow" and "*" in iam.many(statement["Resource"]):
            for pattern in iam.many(statement["Action"]):
                for name in authorization.expand(pattern):
                    if authorization.action(name) and authorization.kinds(name) and name not in ON_EVERYTHING:
                        yield f"broad: {name} knows resources and is allowed on all, in {it}"


# What CodeBuild is documented to need for artifacts, and is not seen to call.
OF_ARTIFACTS = {"s3:GetBucketVersioning", *(f"kms:{name}" for name in ("DescribeKey", "Encrypt", "ReEncryptFrom", "ReEncryptTo"))}


def unused(fixture):
    """What a build may do, although neither CodeBuild nor its commands do it. Tests are the code of whoever pushes."""
    for project in fixture.of_kind("AWS::CodeBuild::Project"):
        role = project.properties["ServiceRole"]
        called = {call.action for _, call in actors.build_calls(fixture, project)} | OF_ARTIFACTS
        allowed = {
            name
            for statement in fixture.statements(role)
            for pattern in iam.many(statement["Action"])
            for name in authorization.expand(pattern)
            if authorization.action(name)
        }
        for name in sorted(allowed - called):
            yield f"unused: {role.split('/')[-1]} may {name}, which its build does not call"


class Stranger:
    """Something of another project, in the same account: it has its own tags and its own network."""

    def __init__(self, fixture, kind, arn, tags):
        self.kind, self.arn, self.tags, self.ids = kind, arn, tags, (arn, arn)
        self.properties = {"VpcId": "vpc-of-strangers", "Cluster": "strangers"}

    def __repr__(self):
        return "another project's " + self.kind.removeprefix("AWS::")


def strangers(fixture):
    """One resource of every kind that an app stack has, as another project with no tags or with its own would have it."""
    place = f"{fixture.region}:{fixture.account}"
    for kind, arn in {
        "AWS::ElasticLoadBalancingV2::LoadBalancer": f"arn:aws:elasticloadbalancing:{place}:loadbalancer/app/strangers/0a1b",
        "AWS::ElasticLoadBalancingV2::Listener": f"arn:aws:elasticloadbalancing:{place}:listener/app/strangers/0a1b/0a1b",
        "AWS::ElasticLoadBalancingV2::ListenerRule": f"arn:aws:elasticloadbalancing:{place}:listener-rule/app/strangers/0a/0a/0a",
        "AWS::ElasticLoadBalancingV2::TargetGroup": f"arn:aws:elasticloadbalancing:{place}:targetgroup/strangers/0a1b",
        "AWS::EC2::SecurityGroup": f"arn:aws:ec2:{place}:security-group/sg-0a1b",
        "AWS::EC2::SecurityGroupIngress": f"arn:aws:ec2:{place}:security-group-rule/sgr-0a1b",
        "AWS::ApplicationAutoScaling::ScalableTarget": f"arn:aws:application-autoscaling:{place}:scalable-target/0a1b",
        "AWS::CertificateManager::Certificate": f"arn:aws:acm:{place}:certificate/0a1b",
        "AWS::CloudWatch::Alarm": f"arn:aws:cloudwatch:{place}:alarm:strangers",
        "AWS::Logs::LogGroup": f"arn:aws:logs:{place}:log-group:/strangers/app",
        "AWS::ECS::Service": f"arn:aws:ecs:{place}:service/strangers/app",
        "AWS::ECS::TaskDefinition": f"arn:aws:ecs:{place}:task-definition/strangers:1",
        "AWS::EC2::VPC": f"arn:aws:ec2:{place}:vpc/vpc-0a1b",
    }.items():
        for tags in ({}, {"project": "strangers", "environment": "prod"}):
            yield Stranger(fixture, kind, arn, tags)


# What these make is not there yet, so that nobody's can be meant; what they make it in or on is judged.
MAKES = {
    "elasticloadbalancing:CreateLoadBalancer": "loadbalancer/",
    "elasticloadbalancing:CreateTargetGroup": "targetgroup",
    "elasticloadbalancing:CreateListener": "listener/",
    "elasticloadbalancing:CreateRule": "listener-rule/",
    "ec2:CreateSecurityGroup": "security-group",
}


def may_change(statements):
    """The actions of statements that change something."""
    return {
        name
        for statement in statements
        if statement["Effect"] == "Allow"
        for pattern in iam.many(statement["Action"])
        for name in authorization.expand(pattern)
        if authorization.action(name) and authorization.writes(name)
    }


def reaching(fixture):
    """What a deploy role may change outside of its own environment.

    Whoever writes the template writes the tags of a request: it is tried with none, with its own, and with the other's.
    """
    roles, needed = {}, {}
    for role, stack in actors.deployed_by(fixture):
        roles.setdefault(role, set()).add(stack)
    for role, call in actors.all_calls(fixture):
        needed.setdefault(role, set()).add((call.action, call.resource.removesuffix(":*")))
    kinds_of_apps = kinds_around(fixture)
    for role, stacks in sorted(roles.items()):
        statements, name = fixture.statements(role), role.split("/")[-1]
        own = next(it.tags for stack in sorted(stacks) for it in fixture.stacks[stack].values() if it.tags)
        others = [it for it in fixture.resources if it.stack not in stacks and it.kind in kinds_of_apps - UNANCHORED]
        others += strangers(fixture)
        for action in sorted(may_change(statements)):
            kinds = authorization.kinds(action)
            kinds = {kind: kinds[kind] for kind in CONCERNS.get(action, kinds)}
            if not kinds and action not in KNOWS_NO_BOUNDS:
                yield f"reaches: {name} may {action}, which knows no resources"
            for other in others:
                kind = next((kind for kind, (_, pattern) in kinds.items() if pattern.match(other.arn)), None)
                makes = MAKES.get(action)
                if kind is None or (action, other.arn) in needed[role] or (makes and kind.startswith(makes)):
                    continue
                for tags in ({}, own, other.tags):
                    wished = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
                    context = context_of(fixture, action, other, extra={**wished, "aws:TagKeys": list(tags)})
                    if iam.allowed(statements, action, other.arn, only_known(action, kind, context)):
                        yield f"reaches: {name} may {action} on {other}"
                        break


def foreign_records(fixture):
    """Records that a deploy role may change, and that are none of its environment's: of another environment, of the zone's
    other names, of another type, and of another zone."""
    keys = "route53:ChangeResourceRecordSets"
    domains = {it.stack: it.properties["DomainName"] for it in fixture.of_kind("AWS::CertificateManager::Certificate")}
    zones = {it.stack: it.properties["HostedZoneId"] for it in fixture.of_kind("AWS::Route53::RecordSet")}
    for role, stack in actors.deployed_by(fixture):
        if stack not in zones:
            continue
        domain, zone = domains[stack], zones[stack]
        others = [other for other in domains.values() if other != domain]
        tries = [(zone, name, kind) for other in others for name in (other, f"_0a1b.{other}") for kind in ("A", "CNAME", "TXT")]
        tries += [(zone, f"mail.{domain}", "A"), (zone, domain, "MX"), (zone, domain, "CNAME"), (zone, f"_dmarc.{domain}", "TXT")]
        tries += [("Z0STRANGER", domain, "A"), ("Z0STRANGER", f"_0a1b.{domain}", "CNAME")]
        for place, name, kind in tries:
            context = {f"{keys}NormalizedRecordNames": [name], f"{keys}RecordTypes": [kind], f"{keys}Actions": ["UPSERT"]}
            if iam.allowed(fixture.statements(role), keys, f"arn:aws:route53:::hostedzone/{place}", context):
                yield f"reaches: {role.split('/')[-1]} may change the record {name} {kind} of the zone {place}"
        wished = {"acm:DomainNames": ["strangers.example"], "acm:ValidationMethod": "DNS"}
        if iam.allowed(fixture.statements(role), "acm:RequestCertificate", "*", wished):
            yield f"reaches: {role.split('/')[-1]} may request a certificate for strangers.example"


def running(fixture):
    """What a build that runs the command before a release may do besides: run and stop other tasks, of its own environment's
    service as well, and hand on other roles."""
    place = f"{fixture.region}:{fixture.account}"
    definitions = fixture.of_kind("AWS::ECS::TaskDefinition")
    for project in fixture.of_kind("AWS::CodeBuild::Project"):
        role = project.properties["ServiceRole"]
        needed = {(call.action, call.resource) for _, call in actors.build_calls(fixture, project)}
        if not any(action == "ecs:RunTask" for action, _ in needed):
            continue
        variables = {each["Name"]: each["Value"] for each in project.properties["Environment"]["EnvironmentVariables"]}
        task = f"arn:aws:ecs:{place}:task/{variables['CLUSTER']}/1b2c"
        of_tasks = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
        tries = [("ecs:RunTask", it.arn, {}) for it in definitions]
        tries += [("iam:PassRole", it.arn, of_tasks) for it in fixture.of_kind("AWS::IAM::Role")]
        wrong = [("iam:PassRole", arn, {"iam:PassedToService": "ec2.amazonaws.com"}) for action, arn in needed if action == "iam:PassRole"]
        for it in definitions:
            tags = {**it.tags, "one-off": "true"} if it.tags.get("environment") != variables["ENVIRONMENT"] else it.tags
            wrong.append(("ecs:StopTask", task, {f"aws:ResourceTag/{key}": value for key, value in tags.items()}))
        wrong.append(("ecs:TagResource", task, {}))
        for action, arn, context in [*(each for each in tries if each[:2] not in needed), *wrong]:
            if iam.allowed(fixture.statements(role), action, arn, context):
                yield f"runs: {role.split('/')[-1]} may {action} on {arn}"


def kinds_around(fixture):
    """Kinds of resources that app stacks and clusters have."""
    return {it.kind for _, stack in actors.deployed_by(fixture) for it in fixture.stacks[stack].values()} | {
        "AWS::EC2::VPC", "AWS::ECS::Cluster", "AWS::EC2::Subnet", "AWS::IAM::Role", "AWS::ECR::Repository", "AWS::SSM::Parameter",
    }  # fmt: skip


def judge(fixture):
    """All findings, each once."""
    found = []
    for part in (missing, meaningless, broad, unused, reaching, foreign_records, running):
        try:
            found += part(fixture)
        except Unknown as unknown:
            found.append(f"the simulator has to be taught: {unknown}")
    return list(dict.fromkeys(found))


def count(fixture):
    """How many calls are simulated."""
    return sum(1 for _ in actors.all_calls(fixture)) + sum(1 for _ in actors.service_requests(fixture))
