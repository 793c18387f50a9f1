"""The people who use the tool, their policies in infra/docs/permissions, and the calls that each verb makes in their name."""

import functools
import json
import pathlib
import re

import authorization
import iam
from actors import PHASES, stack_arn
from needs import PUSH, Call, Unknown, context_of, for_resource, only_known, wanted_by_schema

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "docs/permissions"
# Who holds which policies.
PEOPLE = {
    "viewer": ["viewer", "console"],
    "releaser": ["viewer", "releaser"],
    "approver": ["viewer", "approver"],
    "pusher": ["viewer", "push"],
    "runner": ["viewer", "runner"],
    "deployer": ["tool", "resources-1", "resources-2", "connection"],
}
STACKS = [
    "Foundation", "DevCluster", "ProdCluster", "DevAppStack", "StagingAppStack", "ProdAppStack", "DevPipelineStack",
    "StagingProdPipelineStack", "DevBeforeRelease", "StagingBeforeRelease", "ProdBeforeRelease",
]  # fmt: skip
LOOK = ["sts:GetCallerIdentity", "cloudformation:DescribeStacks"]
WATCH = [
    "cloudformation:DescribeEvents", "cloudformation:DescribeStackEvents", "cloudformation:ListStackResources",
    "ecs:DescribeServices", "ecs:DescribeTaskDefinition", "ecs:DescribeTasks", "ecs:ListTasks", "logs:GetLogEvents",
]  # fmt: skip
CHANGE = [
    "cloudformation:CancelUpdateStack", "cloudformation:ContinueUpdateRollback", "cloudformation:CreateChangeSet",
    "cloudformation:DeleteChangeSet", "cloudformation:DeleteStack", "cloudformation:DescribeChangeSet",
    "cloudformation:ExecuteChangeSet", "cloudformation:GetTemplate", "cloudformation:ListChangeSets",
]  # fmt: skip
KEEP = ["ecr:BatchGetImage", "ecr:PutImage"]
RELEASES = ["ssm:GetParameter", "ssm:GetParameterHistory", "ecr:DescribeImages"]
PIPELINE = ["codepipeline:GetPipelineState", "codepipeline:ListActionExecutions", "codepipeline:ListPipelineExecutions"]
# Verb → who runs it, and its calls. Together the calls are all that the tool makes; see tests/it/permissions.rs.
# Roles that AWS makes for its services, once for an account:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-service-linked-roles.html
LINKED_ROLES = [
    f"aws-service-role/{service}/{name}"
    for service, name in (
        ("ecs.amazonaws.com", "AWSServiceRoleForECS"),
        ("elasticloadbalancing.amazonaws.com", "AWSServiceRoleForElasticLoadBalancing"),
        ("ecs.application-autoscaling.amazonaws.com", "AWSServiceRoleForApplicationAutoScaling_ECSService"),
    )
]
QUOTAS = ["servicequotas:GetServiceQuota", "servicequotas:GetAWSDefaultServiceQuota", "servicequotas:ListServiceQuotas"]
VERBS = {
    "status": ("viewer", [*LOOK, *WATCH, "cloudwatch:DescribeAlarms"]),
    "logs": ("viewer", [*LOOK, *WATCH, "logs:FilterLogEvents"]),
    "releases": ("viewer", [*LOOK, *RELEASES, "ecs:DescribeServiceRevisions", "ecs:ListServiceDeployments", "ecs:ListTaskDefinitions"]),
    "diff": ("viewer", [*LOOK, "cloudformation:GetTemplate"]),
    # CloudFormation looks at each resource and at the settings of its type besides:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/detect-drift-stack.html
    "diff --drift": (
        "viewer",
        [
            *LOOK, "cloudformation:DetectStackDrift", "cloudformation:DetectStackResourceDrift",
            "cloudformation:BatchDescribeTypeConfigurations", "cloudformation:DescribeStackDriftDetectionStatus",
            "cloudformation:DescribeStackResourceDrifts",
        ],
    ),
    "check": (
        "viewer",
        [
            *LOOK, *RELEASES, *QUOTAS, "iam:GetRole", "ssm:GetParameters", "codeconnections:GetConnection", "ssm:DescribeParameters",
            "secretsmanager:DescribeSecret", "cloudformation:GetTemplate", "route53:GetHostedZone", "route53:ListHostedZonesByName",
            "route53:ListResourceRecordSets",
        ],
    ),
    "pipeline status": ("viewer", [*LOOK, *PIPELINE, "cloudformation:DescribeStackEvents", "codebuild:BatchGetBuilds", "logs:GetLogEvents", "codeconnections:GetConnection"]),
    "pipeline start": ("releaser", [*LOOK, *PIPELINE, *RELEASES, "codepipeline:StartPipelineExecution"]),
    "pipeline approve": ("approver", [*LOOK, *PIPELINE, "codepipeline:PutApprovalResult"]),
    "deploy": (
        "deployer",
        [
            *LOOK, *WATCH, *CHANGE, *RELEASES, "ssm:GetParameters", "codeconnections:GetConnection", "iam:GetRole",
            "iam:CreateServiceLinkedRole", *KEEP, "route53:ListHostedZonesByName",
        ],
    ),
    "push": ("pusher", ["sts:GetCallerIdentity", "ssm:GetParameter", "ecr:DescribeImages", "ecr:GetAuthorizationToken", *PUSH, "ssm:PutParameter"]),
    "run": (
        "runner",
        [
            *LOOK, "cloudformation:ListStackResources", "ecs:DescribeServices", "ecs:DescribeTaskDefinition", "ecs:DescribeTasks",
            "logs:GetLogEvents", "ecs:RunTask", "ecs:TagResource", "ecs:StopTask", "iam:PassRole",
        ],
    ),
    "rollback": ("deployer", [*LOOK, *WATCH, *CHANGE, *RELEASES, *KEEP, "ecs:ListTaskDefinitions"]),
    "destroy": ("deployer", [*LOOK, *WATCH, *CHANGE, "cloudformation:UpdateTerminationProtection"]),
}  # fmt: skip
# What the console calls when somebody completes a connection, under the prefix of the connection's ARN:
# https://docs.aws.amazon.com/dtconsole/latest/userguide/security-iam.html#permissions-reference-connections-handshake
HANDSHAKE = [
    "GetConnection", "GetIndividualAccessToken", "GetInstallationUrl", "ListConnections", "ListInstallationTargets",
    "StartOAuthHandshake", "UpdateConnectionInstallation", "UseConnection",
]  # fmt: skip
# What the pages do that `infra status --open` links to: the dashboard, and the saved queries of Logs Insights:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/permissions-reference-cw.html
LINKED_PAGES = [
    "cloudwatch:GetDashboard", "cloudwatch:ListDashboards", "cloudwatch:GetMetricData", "cloudwatch:ListMetrics",
    "logs:DescribeLogGroups", "logs:DescribeQueryDefinitions", "logs:StartQuery", "logs:GetQueryResults", "logs:StopQuery",
    "logs:GetLogRecord",
]  # fmt: skip
# What would take a change past the approval, or the approval past its people.
STARTS, APPROVES, DEPLOYS = "codepipeline:StartPipelineExecution", "codepipeline:PutApprovalResult", "cloudformation:ExecuteChangeSet"
# What reads the secrets of prod.
RUNS = "ecs:RunTask"


def policies(names):
    return [each for name in names for each in json.loads((FOLDER / f"{name}.json").read_text())["Statement"]]


def with_names(statements, project):
    """The policies name the example's project; whoever has another puts theirs in its place."""
    text = json.dumps(statements)
    for example, ours in project.items():
        text = text.replace(example, ours)
    return json.loads(text)


def tag_parameter(fixture):
    """The parameter that names the latest release."""
    for it in fixture.of_kind("AWS::CodeBuild::Project"):
        for variable in it.properties["Environment"].get("EnvironmentVariables", []):
            if variable["Name"] == "TAG_PARAMETER":
                return f"arn:aws:ssm:{fixture.region}:{fixture.account}:parameter/{variable['Value'].lstrip('/')}"
    raise Unknown("which parameter names the latest release")


def run_definitions(fixture):
    """The task definitions of one-off tasks."""
    return [it for it in fixture.of_kind("AWS::ECS::TaskDefinition") if it.name == "RunTaskDefinition"]


def one_off_calls(fixture):
    """(action, resource, context) of `infra run` and of the command before a release, besides what viewers may do. ECS asks for the roles in the caller's name:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html"""
    for it in run_definitions(fixture):
        app = it.stack.replace("BeforeRelease", "AppStack")
        cluster = next(each for each in fixture.stacks[app].values() if each.kind == "AWS::ECS::Service").properties["Cluster"]
        task = f"arn:aws:ecs:{fixture.region}:{fixture.account}:task/{cluster.rsplit('/', 1)[-1]}/0a1b"
        # The tags of the definition, and the tool's own.
        tags = {**it.tags, "one-off": "true"}
        yield "ecs:RunTask", it.arn, {}
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html
        yield "ecs:TagResource", task, {"ecs:CreateAction": "RunTask"}
        yield "ecs:StopTask", task, {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
        for role in (it.properties["TaskRoleArn"], it.properties["ExecutionRoleArn"]):
            yield "iam:PassRole", role, {"iam:PassedToService": "ecs-tasks.amazonaws.com"}


def arns_for(fixture, action):
    """All that a verb may call an action on."""
    kinds = authorization.kinds(action)
    if action in ("iam:GetRole", "iam:CreateServiceLinkedRole"):
        return [("role", f"arn:aws:iam::{fixture.account}:role/{name}", None) for name in LINKED_ROLES]
    if action == "ssm:PutParameter":
        return [("parameter", tag_parameter(fixture), None)]
    if action == "secretsmanager:DescribeSecret":
        # Those of the app have names of its team.
        return [("Secret", f"arn:aws:secretsmanager:{fixture.region}:{fixture.account}:secret:school/database-0a1b2c", None)]
    if action.startswith("route53:") and kinds:
        return [("hostedzone", "arn:aws:route53:::hostedzone/Z0A1B2C3D", None)]
    if not kinds:
        return [("", "*", None)]
    place = f"{fixture.region}:{fixture.account}"
    pipelines = fixture.of_kind("AWS::CodePipeline::Pipeline")
    groups = [it.arn for it in fixture.of_kind("AWS::Logs::LogGroup") if it.stack.endswith(("AppStack", "PipelineStack"))]
    made_up = [stack_arn(fixture, stack) for stack in fixture.stacks]
    made_up += [f"arn:aws:codepipeline:{place}:{it.properties['Name']}/{stage['Name']}/{action_['Name']}"
                for it in pipelines for stage in it.properties["Stages"] for action_ in stage["Actions"]
                if action_["ActionTypeId"]["Provider"] == "Manual"]  # fmt: skip
    made_up.append(f"arn:aws:servicequotas:{place}:vpc/L-0A1B2C3D")
    made_up += [f"{arn}:log-stream:app/app/0a1b" for arn in groups]
    made_up += [f"arn:aws:ecs:{place}:task/{it.ids[0]}/0a1b" for it in fixture.of_kind("AWS::ECS::Cluster")]
    made_up += [f"arn:aws:ecs:{place}:container-instance/{it.ids[0]}/0a1b" for it in fixture.of_kind("AWS::ECS::Cluster")]
    made_up += [it.arn.replace(":service/", ":service-revision/") + "/0a1b" for it in fixture.of_kind("AWS::ECS::Service")]
    here = [it.arn for it in fixture.resources if not it.kind.startswith("AWS::Logs")] + groups + made_up
    found = []
    for kind, (_, pattern) in kinds.items():
        found += [(kind, arn, fixture.at(arn)) for arn in here if pattern.match(arn)]
    if "Connection" in kinds and not found:
        return []
    if not found:
        raise Unknown(f"on what {action} is called, {', '.join(kinds)}")
    return found


def verb_calls(fixture):
    """(person, call) of each verb of the tool."""
    for action, arn, context in one_off_calls(fixture):
        kinds = authorization.kinds(action)
        kind = next(name for name, (_, pattern) in kinds.items() if pattern.match(arn))
        yield "runner", Call(action, arn, only_known(action, kind, context), "infra run")
    of_runners = {action for action, _, _ in one_off_calls(fixture)}
    for verb, (person, actions) in VERBS.items():
        for action in (each for each in actions if each not in of_runners):
            for kind, arn, target in arns_for(fixture, action):
                yield person, Call(action, arn, only_known(action, kind, context_of(fixture, action, target)), f"infra {verb}")


def connections(fixture):
    """The ARNs of connections that pipelines use."""
    pipelines = json.dumps([it.properties for it in fixture.of_kind("AWS::CodePipeline::Pipeline")])
    return sorted(set(re.findall(r'arn:aws:code[\w-]+:[^"]*:connection/[^"]+', pipelines)))


def handshake_calls(fixture):
    """(person, call) of the console, when a connection is completed."""
    for arn in connections(fixture):
        for name in HANDSHAKE:
            action = f"{arn.split(':')[2]}:{name}"
            yield "deployer", Call(action, arn if authorization.kinds(action) else "*", {}, "the connection's handshake")


def page_calls(fixture):
    """(person, call) of the console's pages for an environment that has a dashboard."""
    if fixture.of_kind("AWS::CloudWatch::Dashboard"):
        for action in LINKED_PAGES:
            for _, arn, _ in arns_for(fixture, action):
                yield "viewer", Call(action, arn, {}, "the pages of infra status --open")


def resource_calls(fixture):
    """(person, call) of CloudFormation for every resource of every stack, in the deployer's name."""
    called = {"aws:CalledVia": ["cloudformation.amazonaws.com"]}
    for it in fixture.resources:
        for phase in PHASES:
            try:
                for call in for_resource(fixture, it, phase, called):
                    yield "deployer", call
            except Unknown:
                # These policies allow an action on everything or not at all: it matters not on which resource it is.
                for action in set(wanted_by_schema(it, phase)) - {"iam:GetRole", "iam:PassRole", "iam:CreateServiceLinkedRole"}:
                    yield "deployer", Call(action, f"arn:aws:any:{fixture.region}:{fixture.account}:any", called, f"{phase} of {it}")
        if it.kind == "AWS::CodePipeline::Pipeline":
            for arn in connections(fixture):
                # https://docs.aws.amazon.com/dtconsole/latest/userguide/security-iam.html: the prefix follows the ARN
                yield "deployer", Call(f"{arn.split(':')[2]}:PassConnection", arn, called, f"create of {it}")
        if "{{resolve:secretsmanager:" in json.dumps(it.raw):
            arn = f"arn:aws:secretsmanager:{fixture.region}:{fixture.account}:secret:token-0a1b"
            yield "deployer", Call("secretsmanager:GetSecretValue", arn, called, f"create of {it}")


@functools.cache
def calls(fixture):
    """(person, call) of all that people do with the tool."""
    return [*verb_calls(fixture), *handshake_calls(fixture), *page_calls(fixture), *resource_calls(fixture)]


def judge(fixture, project, change=lambda statements: None):
    """What people may not do and have to, and may do and must not. `change` takes something out for a self-test."""
    held = {person: with_names(policies(names), project) for person, names in PEOPLE.items()}
    for statements in held.values():
        change(statements)
    for person, call in calls(fixture):
        if not iam.allowed(held[person], call.action, call.resource, call.context):
            yield f"missing: a {person} may not {call.action} on {call.resource}, {call.why}"
    release = next(it for it in fixture.of_kind("AWS::CodePipeline::Pipeline") if it.stack.endswith("StagingProdPipelineStack"))
    prod = next(stack for stack in fixture.stacks if stack.endswith("ProdAppStack"))
    [definition] = [it for it in run_definitions(fixture) if it.stack == prod]
    of_service = next(it for it in fixture.stacks[prod].values() if it.name == "TaskDefinition")
    place = f"{fixture.region}:{fixture.account}"
    for person, statements in held.items():
        may = {
            action
            for action, arn in ((STARTS, release.arn), (APPROVES, release.arn + "/Approval/Approve"), (DEPLOYS, stack_arn(fixture, prod)), (RUNS, definition.arn))
            if iam.allowed(statements, action, arn, {})
        }
        want = {"viewer": set(), "releaser": {STARTS}, "approver": {APPROVES}, "pusher": set(), "runner": {RUNS}, "deployer": {DEPLOYS}}[person]
        if may != want:
            yield f"apart: a {person} may {', '.join(sorted(may)) or 'nothing'} and should {', '.join(sorted(want)) or 'nothing'}"
        # Tasks of the service are neither started nor stopped, and no other role is handed on.
        of_tasks = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
        for action, arn, context in (
            (RUNS, of_service.arn, {}),
            ("ecs:StopTask", f"arn:aws:ecs:{place}:task/x/0a1b", {f"aws:ResourceTag/{key}": value for key, value in of_service.tags.items()}),
            ("ecs:TagResource", f"arn:aws:ecs:{place}:task/x/0a1b", {}),
            ("iam:PassRole", f"arn:aws:iam::{fixture.account}:role/Administrator", of_tasks),
        ):
            if iam.allowed(statements, action, arn, context):
                yield f"apart: a {person} may {action} on {arn}"
        # Nobody changes resources but through CloudFormation.
        for action in ("iam:PutRolePolicy", "ec2:DeleteVpc", "s3:PutBucketPolicy", "kms:PutKeyPolicy"):
            for arn in (f"arn:aws:iam::{fixture.account}:role/{prod}-x", "arn:aws:s3:::x"):
                if iam.allowed(statements, action, arn, {}):
                    yield f"apart: a {person} may {action} without CloudFormation"
        # Nor any role but those of the stacks.
        via = {"aws:CalledVia": ["cloudformation.amazonaws.com"]}
        if iam.allowed(statements, "iam:PutRolePolicy", f"arn:aws:iam::{fixture.account}:role/Administrator", via):
            yield f"apart: a {person} may change roles that are not the stacks'"


def meaningless():
    """Statements on actions or conditions that do not exist, and calls that no verb makes."""
    import judge as others

    called = {action for _, actions in VERBS.values() for action in actions}
    called |= {f"{service}:{name}" for service in ("codeconnections", "codestar-connections") for name in HANDSHAKE}
    for path in sorted(FOLDER.glob("*.json")):
        for statement in json.loads(path.read_text())["Statement"]:
            yield from others.meaningless_in(statement, path.name)
            if path.stem in ("tool", "releaser", "approver", "push", "runner", "connection"):
                idle = set(iam.many(statement["Action"])) - called
                yield from (f"idle: {action} in {path.name}: no verb of simulator/people.py calls it" for action in sorted(idle))
