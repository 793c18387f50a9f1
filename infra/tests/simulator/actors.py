"""Principals of a deployed account, and the calls of each."""

import itertools
import json
import re

import yaml

import authorization
from needs import (
    ARTIFACT_BUCKET, ARTIFACT_KEY, ARTIFACT_OBJECTS, CHANGE_SETS, COMMANDS, PULL, PUSH, Call, Unknown, context_of, for_resource,
    only_known,
)  # fmt: skip

CODEBUILD_ROLE = "https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html"
PHASES = ("create", "read", "update", "delete")


def on(fixture, action, arn, why, extra=None):
    """A call on something that is there."""
    target = fixture.at(arn)
    kinds = authorization.kinds(action)
    kind = next((name for name, (_, pattern) in kinds.items() if pattern.match(arn)), None)
    if kinds and kind is None:
        raise Unknown(f"{action} is not called on {arn}, but on {', '.join(kinds)} ({why})")
    context = context_of(fixture, action, target, extra=extra)
    return Call(action, arn if kinds else "*", only_known(action, kind or "", context), why)


def object_of(bucket, pipeline, artifact):
    """Where CodePipeline puts an artifact: both names are cut."""
    return f"arn:aws:s3:::{bucket}/{pipeline[:20]}/{artifact[:10]}/k3LmN0p"


def artifacts(fixture, pipeline, names, actions, why, bucket_actions=ARTIFACT_BUCKET):
    store = pipeline.properties["ArtifactStore"]
    bucket = store["Location"]
    for action in bucket_actions:
        yield on(fixture, action, f"arn:aws:s3:::{bucket}", why)
    for name, action in itertools.product(names, actions):
        yield on(fixture, action, object_of(bucket, pipeline.properties["Name"], name), why)
    for action in ARTIFACT_KEY:
        yield on(fixture, action, store["EncryptionKey"]["Id"], why, {"kms:ViaService": f"s3.{fixture.region}.amazonaws.com"})


def actions_of(pipeline):
    return [(stage, action) for stage in pipeline.properties["Stages"] for action in stage["Actions"]]


def stack_arn(fixture, name):
    return f"arn:aws:cloudformation:{fixture.region}:{fixture.account}:stack/{name}/1a2b3c4d"


def pipeline_calls(fixture, pipeline):
    """(role, call) of each action of a pipeline."""
    default = pipeline.properties["RoleArn"]
    for _, action in actions_of(pipeline):
        role, settings = action.get("RoleArn", default), action.get("Configuration", {})
        provider = action["ActionTypeId"]["Provider"]
        why = f"{pipeline.properties['Name']}: action {action['Name']} ({provider})"
        taken = [each["Name"] for each in action.get("InputArtifacts", [])]
        left = [each["Name"] for each in action.get("OutputArtifacts", [])]
        reads = ["s3:GetObject", "s3:GetObjectVersion"]
        calls = [*artifacts(fixture, pipeline, taken, reads, why)] if taken else []
        if left:
            calls += artifacts(fixture, pipeline, left, ARTIFACT_OBJECTS, why)
        if provider == "CodeStarSourceConnection":
            service = settings["ConnectionArn"].split(":")[2]
            calls.append(on(fixture, f"{service}:UseConnection", settings["ConnectionArn"], why))
        elif provider == "CodeBuild":
            arn = f"arn:aws:codebuild:{fixture.region}:{fixture.account}:project/{settings['ProjectName']}"
            calls += [on(fixture, name, arn, why) for name in ("codebuild:BatchGetBuilds", "codebuild:StartBuild", "codebuild:StopBuild")]
        elif provider == "CloudFormation":
            arn = stack_arn(fixture, settings["StackName"])
            calls += [on(fixture, name, arn, why) for name in CHANGE_SETS[settings["ActionMode"]]]
            calls.append(on(fixture, "cloudformation:ValidateTemplate", "*", why))
            if "RoleArn" in settings:
                passing = {"iam:PassedToService": "cloudformation.amazonaws.com"}
                calls.append(on(fixture, "iam:PassRole", settings["RoleArn"], why, passing))
        elif provider == "Manual":
            if "NotificationArn" in settings:
                topic = settings["NotificationArn"]
                calls.append(on(fixture, "sns:Publish", topic, why))
                # To an encrypted topic: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
                key = fixture.at(topic).properties["KmsMasterKeyId"]
                via = {"kms:ViaService": f"sns.{fixture.region}.amazonaws.com"}
                calls += [on(fixture, name, key, why, via) for name in ("kms:Decrypt", "kms:GenerateDataKey")]
        elif provider != "GitHub":
            raise Unknown(f"what an action of {provider} calls ({why})")
        yield from ((role, call) for call in calls)


def deployed_by(fixture):
    """(role, stack) of every action that deploys a stack."""
    found = set()
    for pipeline in fixture.of_kind("AWS::CodePipeline::Pipeline"):
        for _, action in actions_of(pipeline):
            settings = action.get("Configuration", {})
            if action["ActionTypeId"]["Provider"] == "CloudFormation" and "RoleArn" in settings:
                found.add((settings["RoleArn"], settings["StackName"]))
    return sorted(found)


def deployment_calls(fixture):
    """(role, call) of CloudFormation for each resource of a stack that a pipeline deploys, and for its parameters."""
    for role, stack in deployed_by(fixture):
        for it, phase in itertools.product(fixture.stacks[stack].values(), PHASES):
            yield from ((role, call) for call in for_resource(fixture, it, phase))
        for parameter in fixture.templates[stack].get("Parameters", {}).values():
            if parameter["Type"].startswith("AWS::SSM::Parameter::Value"):
                arn = f"arn:aws:ssm:{fixture.region}:{fixture.account}:parameter/{parameter['Default'].lstrip('/')}"
                why = f"CloudFormation, parameters of {stack}"
                yield role, on(fixture, "ssm:GetParameters", arn, why)


def commands(spec):
    """The `aws` and `docker` commands of a build spec, one a line."""
    for phase in yaml.safe_load(spec)["phases"].values():
        for entry in phase["commands"]:
            text = re.sub(r"\\\n\s*", " ", entry)
            for line in text.splitlines():
                if not line.strip().startswith("#"):
                    yield from re.findall(r"\b(?:aws|docker) [a-z].*", line)


def build_calls(fixture, project):
    """(role, call) of a build: of CodeBuild itself, and of every command."""
    it, name = project.properties, project.properties["Name"]
    role = it["ServiceRole"]
    pipelines = [
        (pipeline, action)
        for pipeline in fixture.of_kind("AWS::CodePipeline::Pipeline")
        for _, action in actions_of(pipeline)
        if action.get("Configuration", {}).get("ProjectName") == name
    ]
    calls = []
    for pipeline, action in pipelines:
        why = f"{name}: artifacts ({CODEBUILD_ROLE})"
        at_bucket = ["s3:GetBucketAcl", "s3:GetBucketLocation"]
        taken = [each["Name"] for each in action.get("InputArtifacts", [])]
        left = [each["Name"] for each in action.get("OutputArtifacts", [])]
        calls += artifacts(fixture, pipeline, taken, ["s3:GetObject", "s3:GetObjectVersion"], why, at_bucket)
        calls += artifacts(fixture, pipeline, left, ["s3:PutObject"], why, at_bucket)
    group = it["LogsConfig"]["CloudWatchLogs"]["GroupName"]
    stream = f"arn:aws:logs:{fixture.region}:{fixture.account}:log-group:{group}:log-stream:k3LmN0p"
    calls += [on(fixture, each, stream, f"{name}: log ({CODEBUILD_ROLE})") for each in ("logs:CreateLogStream", "logs:PutLogEvents")]
    variables = {each["Name"]: each["Value"] for each in it["Environment"].get("EnvironmentVariables", [])}
    repositories = [each.arn for each in fixture.of_kind("AWS::ECR::Repository")]
    for command in commands(it["Source"]["BuildSpec"]):
        why, words = f"{name}: `{command[:60]}`", command.split()
        if words[0] == "docker":
            verbs = {"push": PUSH, "pull": PULL}.get(words[1], PULL if "type=registry" in command or "buildx" in words[1] else [])
            calls += [on(fixture, verb, arn, why) for verb, arn in itertools.product(verbs, repositories)]
            continue
        operation = "".join(word.capitalize() for word in words[2].split("-"))
        action = COMMANDS.get(f"{words[1]}:{operation}", f"{words[1]}:{operation}")
        if authorization.action(action) is None:
            raise Unknown(f"{action}, which IAM does not know ({why})")
        kinds = authorization.kinds(action)
        if not kinds:
            arns = ["*"]
        elif "repository" in kinds:
            arns = repositories
        elif "parameter" in kinds:
            named = re.findall(r"\$(\w+)", re.search(r"--names?((?: \"?\$\w+\"?)+)", command)[1])
            arns = [f"arn:aws:ssm:{fixture.region}:{fixture.account}:parameter/{variables[each].lstrip('/')}" for each in named]
        elif "task" in kinds or action == "ecs:RunTask":
            calls += one_off_calls(fixture, action, variables, pipelines, why)
            continue
        elif "log-stream" in kinds:
            arns = [f"arn:aws:logs:{fixture.region}:{fixture.account}:log-group:{variables['LOG_GROUP']}:log-stream:{variables['LOG_STREAM']}/0a1b"]
        elif "stack" in kinds:
            named = re.search(r'--stack-name "?\$?(\w+)', command)
            arns = [stack_arn(fixture, stack) for stack in variables.get(named[1], named[1]).split()]
        else:
            raise Unknown(f"on what {action} is called ({why})")
        calls += [on(fixture, action, arn, why) for arn in arns]
    yield from ((role, call) for call in calls)


def one_off_calls(fixture, action, variables, pipelines, why):
    """Calls on the task of the definition in the stack that the pipeline deploys before. ECS asks for the roles in the caller's
    name: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html"""
    for pipeline, run in pipelines:
        given = {each["name"]: each["value"] for each in json.loads(run["Configuration"]["EnvironmentVariables"])}
        namespace, output = re.fullmatch(r"#\{(\w+)\.(\w+)\}", given["TASK_DEFINITION"]).groups()
        [stack] = [each["Configuration"]["StackName"] for _, each in actions_of(pipeline) if each.get("Namespace") == namespace]
        definition = fixture.stacks[stack][output]
        task = f"arn:aws:ecs:{fixture.region}:{fixture.account}:task/{variables['CLUSTER']}/0a1b"
        if action != "ecs:RunTask":
            # The tags of the definition, and those of the command.
            tags = {**definition.tags, "one-off": "true"}
            yield on(fixture, action, task, why, {f"aws:ResourceTag/{key}": value for key, value in tags.items()})
            continue
        yield on(fixture, action, definition.arn, why)
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html
        yield on(fixture, "ecs:TagResource", task, why, {"ecs:CreateAction": "RunTask"})
        for role in (definition.properties["TaskRoleArn"], definition.properties["ExecutionRoleArn"]):
            yield on(fixture, "iam:PassRole", role, why, {"iam:PassedToService": "ecs-tasks.amazonaws.com"})


def task_calls(fixture):
    """(role, call) of ECS when it starts tasks. The containers themselves call nothing."""
    source = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html"
    for task in fixture.of_kind("AWS::ECS::TaskDefinition"):
        role, why = task.properties["ExecutionRoleArn"], f"start of {task} ({source})"
        yield role, on(fixture, "ecr:GetAuthorizationToken", "*", why)
        for container in task.properties["ContainerDefinitions"]:
            repository = container["Image"].split(":")[0].split("/", 1)[-1]
            arns = [each.arn for each in fixture.of_kind("AWS::ECR::Repository") if repository in each.attribute("RepositoryUri")]
            for action, arn in itertools.product(PULL, arns or [each.arn for each in fixture.of_kind("AWS::ECR::Repository")]):
                yield role, on(fixture, action, arn, why)
            group = container["LogConfiguration"]["Options"]["awslogs-group"]
            stream = f"arn:aws:logs:{fixture.region}:{fixture.account}:log-group:{group}:log-stream:app/app/0a1b"
            for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
                yield role, on(fixture, action, stream, why)
            for secret in container.get("Secrets", []):
                # The ARN of a secret ends with six characters of AWS's, which references leave out.
                parts = secret["ValueFrom"].split(":")
                if parts[2] == "ssm":
                    yield role, on(fixture, "ssm:GetParameters", ":".join(parts), why)
                else:
                    yield role, on(fixture, "secretsmanager:GetSecretValue", ":".join(parts[:7]) + "-AbCdEf", why)


def flow_log_calls(fixture):
    """https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html, less the making of a group."""
    for it in fixture.of_kind("AWS::EC2::FlowLog"):
        group = it.properties.get("LogGroupName")
        if group is None:
            continue
        arn = f"arn:aws:logs:{fixture.region}:{fixture.account}:log-group:{group}"
        role = it.properties["DeliverLogsPermissionArn"]
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            yield role, on(fixture, action, f"{arn}:log-stream:eni", f"{it}")
        yield role, on(fixture, "logs:DescribeLogStreams", arn, f"{it}")


def all_calls(fixture):
    for pipeline in fixture.of_kind("AWS::CodePipeline::Pipeline"):
        yield from pipeline_calls(fixture, pipeline)
    for project in fixture.of_kind("AWS::CodeBuild::Project"):
        yield from build_calls(fixture, project)
    yield from deployment_calls(fixture)
    yield from task_calls(fixture)
    yield from flow_log_calls(fixture)


def principal(document_statement, service):
    who = document_statement.get("Principal", {})
    if who == "*":
        return True
    named = who.get("Service", []) if isinstance(who, dict) else []
    return service in (named if isinstance(named, list) else [named])


def service_requests(fixture):
    """What AWS's services ask of policies of resources: (service, statements, action, resource, context, why).

    The context holds what AWS documents that the service says, and no more.
    """
    guide = "https://docs.aws.amazon.com"
    keys = {it.arn: it.properties["KeyPolicy"]["Statement"] for it in fixture.of_kind("AWS::KMS::Key")}
    of_topic = {
        topic: it.properties["PolicyDocument"]["Statement"]
        for it in fixture.of_kind("AWS::SNS::TopicPolicy")
        for topic in it.properties["Topics"]
    }
    # EventBridge to an encrypted topic says neither account nor source to KMS, and topic policies for it take no
    # conditions: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html,
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
    senders = []
    for rule in fixture.of_kind("AWS::Events::Rule"):
        senders += [("events.amazonaws.com", each["Arn"], {}, {}, rule) for each in rule.properties["Targets"]]
    # CloudWatch says both to SNS, and to KMS nothing that is documented.
    for alarm in fixture.of_kind("AWS::CloudWatch::Alarm"):
        for topic in [*alarm.properties.get("AlarmActions", []), *alarm.properties.get("OKActions", [])]:
            said = {"aws:SourceAccount": fixture.account, "aws:SourceArn": alarm.arn}
            senders.append(("cloudwatch.amazonaws.com", topic, said, {}, alarm))
    for service, topic, to_topic, to_key, who in senders:
        yield service, of_topic.get(topic, []), "sns:Publish", topic, to_topic, f"{who} tells {topic}"
        key = fixture.at(topic).properties.get("KmsMasterKeyId")
        if key:
            key = key if key.startswith("arn:") else next(arn for arn in keys if arn.endswith(key))
            context = {**to_key, "kms:EncryptionContext:aws:sns:topicArn": topic}
            for action in ("kms:Decrypt", "kms:GenerateDataKey"):
                yield service, keys[key], action, key, context, f"{who} encrypts for {topic} ({guide}/sns/latest/dg/sns-key-management.html)"
    for group in fixture.of_kind("AWS::Logs::LogGroup"):
        key = group.properties.get("KmsKeyId")
        if key in keys:
            context = {"kms:EncryptionContext:aws:logs:arn": group.arn}
            for action in ("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:DescribeKey"):
                service = f"logs.{fixture.region}.amazonaws.com"
                yield service, keys[key], action, key, context, f"{group} is encrypted"
    for balancer in fixture.of_kind("AWS::ElasticLoadBalancingV2::LoadBalancer"):
        said = {each["Key"]: each["Value"] for each in balancer.properties["LoadBalancerAttributes"]}
        bucket = said.get("access_logs.s3.bucket")
        if not bucket:
            continue
        statements = [
            each
            for policy in fixture.of_kind("AWS::S3::BucketPolicy")
            if policy.properties["Bucket"] == bucket
            for each in policy.properties["PolicyDocument"]["Statement"]
        ]
        # The keys of AWS's own example:
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
        context = {"aws:SourceArn": balancer.arn, "aws:SecureTransport": "true"}
        arn = f"arn:aws:s3:::{bucket}/{said['access_logs.s3.prefix']}/AWSLogs/{fixture.account}/x.log.gz"
        yield "logdelivery.elasticloadbalancing.amazonaws.com", statements, "s3:PutObject", arn, context, f"{balancer} writes its access log"


def trusts(fixture):
    """(role, service, context) of every service that takes a role, with what AWS documents that it says."""
    for it in fixture.resources:
        if it.kind == "AWS::CodePipeline::Pipeline":
            roles = {it.properties["RoleArn"]} | {action["RoleArn"] for _, action in actions_of(it) if "RoleArn" in action}
            for role in roles:
                # https://docs.aws.amazon.com/codepipeline/latest/userguide/cross-service-confused-deputy-prevention.html
                yield role, "codepipeline.amazonaws.com", {"aws:SourceArn": it.arn, "aws:SourceAccount": fixture.account}
        elif it.kind == "AWS::CodeBuild::Project":
            # https://docs.aws.amazon.com/codebuild/latest/userguide/cross-service-confused-deputy-prevention.html
            yield it.properties["ServiceRole"], "codebuild.amazonaws.com", {"aws:SourceArn": it.arn, "aws:SourceAccount": fixture.account}
        elif it.kind == "AWS::ECS::TaskDefinition":
            # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
            arn = f"arn:aws:ecs:{fixture.region}:{fixture.account}:task/k3LmN0p"
            for key in ("ExecutionRoleArn", "TaskRoleArn"):
                yield it.properties[key], "ecs-tasks.amazonaws.com", {"aws:SourceArn": arn, "aws:SourceAccount": fixture.account}
        elif it.kind == "AWS::EC2::FlowLog" and "DeliverLogsPermissionArn" in it.properties:
            # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
            yield it.properties["DeliverLogsPermissionArn"], "vpc-flow-logs.amazonaws.com", {"aws:SourceArn": it.arn, "aws:SourceAccount": fixture.account}
        elif it.kind == "AWS::ECS::Service":
            for arn in sorted(set(re.findall(r"arn:aws:iam::\d+:role/[\w+=,.@/-]+", json.dumps(it.properties)))):
                # ECS is not documented to say anything when it takes the role that moves traffic:
                # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AmazonECSInfrastructureRolePolicyForLoadBalancers.html
                yield arn, "ecs.amazonaws.com", {}
    for role, _ in deployed_by(fixture):
        yield role, "cloudformation.amazonaws.com", {}
