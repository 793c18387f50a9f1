"""The calls that each actor makes, with where AWS says so. Inventory about AWS; what of it our templates allow is judged elsewhere."""

import dataclasses
import json
import re

import authorization

GUIDE = "https://docs.aws.amazon.com"
SERVICE_ROLE = f"{GUIDE}/codepipeline/latest/userguide/how-to-custom-role.html"
# Calls to the artifact bucket of whoever takes or leaves an artifact. PutObjectAcl: without it the Source action ends
# with "Upload to S3 failed: Access Denied" (https://github.com/aws/aws-cdk/issues/13557).
ARTIFACT_BUCKET = ["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"]
ARTIFACT_OBJECTS = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectAcl"]
# https://docs.aws.amazon.com/codepipeline/latest/userguide/S3-artifact-encryption.html
ARTIFACT_KEY = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
# https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CloudFormation.html#edit-role-cloudformation
STACKS = [
    "cloudformation:CreateStack", "cloudformation:DescribeStackEvents", "cloudformation:DescribeStackResources",
    "cloudformation:DescribeStacks", "cloudformation:GetTemplate", "cloudformation:UpdateStack",
]  # fmt: skip
CHANGE_SETS = {
    "CREATE_UPDATE": STACKS,
    "CHANGE_SET_REPLACE": [
        "cloudformation:CreateChangeSet", "cloudformation:DeleteChangeSet", "cloudformation:DescribeChangeSet",
        "cloudformation:DescribeStackEvents", "cloudformation:DescribeStackResources", "cloudformation:DescribeStacks",
        "cloudformation:GetTemplate",
    ],
    "CHANGE_SET_EXECUTE": [
        "cloudformation:DescribeChangeSet", "cloudformation:DescribeStackEvents", "cloudformation:DescribeStacks",
        "cloudformation:ExecuteChangeSet",
    ],
    "DELETE_ONLY": ["cloudformation:DeleteStack", "cloudformation:DescribeStackEvents", "cloudformation:DescribeStacks"],
}  # fmt: skip
PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
PUSH = [
    "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload",
    "ecr:PutImage", "ecr:UploadLayerPart",
]  # fmt: skip
# Calls of the `aws` command in build specs that IAM knows by another name.
COMMANDS = {"ecr:GetLoginPassword": "ecr:GetAuthorizationToken"}

# Permissions that a schema names for a property: needed where the resource has the property (in dots: anywhere within),
# and only there.
FOR_A_PROPERTY = [
    (r"cognito-idp:.*", "AuthenticateCognitoConfig"),
    (r"acm-pca:.*", "CertificateAuthorityArn"),
    (r"lambda:.*", "LambdaFunction"),
    (r"s3:REST\..*|firehose:.*|logs:\w+DataProtectionPolicy(?<!Get\w{20})|logs:CreateLogDelivery", "DataProtectionPolicy"),
    (r"logs:(Put|Delete)IndexPolicy", "FieldIndexPolicies"),
    (r"logs:(Put|Delete)ResourcePolicy", "ResourcePolicyDocument"),
    (r"logs:PutBearerTokenAuthentication", "BearerTokenAuthenticationEnabled"),
    (r"logs:PutLogGroupDeletionProtection", "DeletionProtectionEnabled"),
    (r"ec2:DescribeIpamPools|elasticloadbalancing:ModifyIpPools", "Ipv4IpamPoolId"),
    (r"elasticloadbalancing:ModifyCapacityReservation", "MinimumLoadBalancerCapacity"),
    (r"elasticloadbalancing:(Register|Deregister)Targets", "Targets"),
    (r"elasticloadbalancing:SetIpAddressType", "IpAddressType"),
    (r"secretsmanager:(ReplicateSecretTo|RemoveRegionsFrom)\w+", "ReplicaRegions"),
    (r"cloudwatch:GetMetricData", "PredictiveScalingPolicyConfiguration"),
]
# Permissions that schemas name for what no template of ours sets: features, other kinds of the same resource, other services.
UNUSED = re.compile(
    r"s3:\w*(Abac|MetadataTable|MetadataAnnotation|MetadataInventory|MetadataJournal|Replication|Website|CORS"
    r"|Cors|Inventory|Analytics|IntelligentTiering|Accelerate|ObjectLock|Metrics)\w*|s3:REST.*|iam:\w*(Group|User)Policy"
    r"|ec2:(AcceptAddressTransfer|\w*Ipam\w*|\w*Vpn\w*|\w*EncryptionControl\w*|\w*PrivateNatGateway\w*)"
    r"|secretsmanager:(ReplicateSecretTo|RemoveRegionsFrom)\w+|ecs:PutAccountSetting\w*|elasticloadbalancing:(ModifyCapacityReservation|SetRulePriorities)"
    r"|logs:(Put|Delete)\w*(Index|BearerToken|DataProtection)\w*|sns:(Put|Delete)\w*DataProtection\w*"
    r"|(autoscaling|cognito-idp|firehose|fsx|lambda|s3express|s3tables|vpc-lattice|vpce):.*"
)

# What the reference says that an action depends on, needed only where the resource has the property.
DEPENDS_FOR = [
    (r"route53:AssociateVPCWithHostedZone", "PrivateDnsEnabled"),
    (r"ec2:CreateTags", "Tags"),
    (r"ecs:List\w+", "LogFormat"),
    (r"iam:CreateServiceLinkedRole", "MultiRegion"),
]


def unused(action):
    """True if only features need the permission that no template sets. Looking costs nothing and is never unused."""
    looks = authorization.action(action) is not None and not authorization.writes(action)
    service = action.split(":")[0]
    return UNUSED.fullmatch(action) is not None and not (looks and service in ("ec2", "elasticloadbalancing", "logs", "sns"))


# What each service needs besides, that no schema says:
BESIDES = {
    # Scaling by target tracking keeps alarms of its own:
    # https://docs.aws.amazon.com/autoscaling/application/userguide/security-iam-additional-permissions.html
    ("AWS::ApplicationAutoScaling::ScalingPolicy", "create"): ["cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms"],
    ("AWS::ApplicationAutoScaling::ScalingPolicy", "delete"): ["cloudwatch:DeleteAlarms"],
    # https://docs.aws.amazon.com/autoscaling/application/userguide/security-iam-additional-permissions.html
    ("AWS::ApplicationAutoScaling::ScalableTarget", "create"): ["ecs:DescribeServices", "ecs:UpdateService"],
}


@dataclasses.dataclass
class Call:
    """A call that somebody makes."""

    action: str
    resource: str
    context: dict
    why: str


class Unknown(Exception):
    """The simulator cannot tell on what a call is made."""


def tag_context(prefixes, kind, tags):
    return {f"{prefix}:{kind}/{key}": value for prefix in prefixes for key, value in tags.items()}


def context_of(fixture, action, target, own=None, phase="read", extra=None):
    """The condition keys of a request, as far as the action knows them."""
    service, operation = action.split(":")
    context = dict(extra or {})
    tagging = operation in ("AddTags", "AddTagsToCertificate", "CreateTags", "TagResource", "AddTagsToResource")
    creating = own is not None and phase == "create" and (
        tagging or re.match(r"(Create|Register|Run|Allocate|PutMetricAlarm)", operation)
    )  # fmt: skip
    if target is not None and not (creating and target is own):
        # A scaling policy has no tags and no ARN of its own: it is asked for its target.
        tagged = fixture.at(target.arn) or target
        context |= tag_context(["aws", service], "ResourceTag", tagged.tags)
    if own is not None and (creating or tagging):
        context |= tag_context(["aws"], "RequestTag", own.tags)
        context["aws:TagKeys"] = list(own.tags)
    if tagging and phase == "create" and own is not None:
        first = authorization.handlers(own.kind)["create"]
        context[f"{service}:CreateAction"] = next(
            (each.split(":")[1] for each in first if re.match(r"\w[\w-]*:(Create|Register)", each)), ""
        )
    if operation in ("RemoveTags", "RemoveTagsFromCertificate", "UntagResource", "DeleteTags") and own is not None:
        context["aws:TagKeys"] = ["Name"]
    if service == "ec2":
        vpc = target.properties.get("VpcId") if target is not None else None
        if vpc:
            context["ec2:Vpc"] = f"arn:aws:ec2:{fixture.region}:{fixture.account}:vpc/{vpc}"
        context["ec2:Region"] = fixture.region
        if target is not None and target.kind == "AWS::EC2::VPC":
            context["ec2:VpcID"] = target.ids[0]
    if service == "ecs" and target is not None and target.kind == "AWS::ECS::Service":
        cluster = target.properties["Cluster"]
        context["ecs:cluster"] = f"arn:aws:ecs:{fixture.region}:{fixture.account}:cluster/{cluster.rsplit('/', 1)[-1]}"
        context["ecs:service"] = target.arn
    if service == "application-autoscaling":
        context["application-autoscaling:service-namespace"] = "ecs"
        context["application-autoscaling:scalable-dimension"] = "ecs:service:DesiredCount"
    return context


def only_known(action, kind, context):
    """AWS puts into a request what the action knows, not what would be of use."""
    return {key: value for key, value in context.items() if authorization.knows(action, kind, key)}


# Where the reference allows less, or more, than a call concerns: action → kinds.
# https://docs.aws.amazon.com/vpc/latest/userguide/vpc-policy-examples.html: rules are added to and taken from a group;
# a rule is a resource of its own only where it gets a description or tags.
CONCERNS = {
    **dict.fromkeys(
        [f"ec2:{verb}SecurityGroup{way}" for verb in ("Authorize", "Revoke") for way in ("Ingress", "Egress")],
        ["security-group"],
    ),
    # Together with the rule itself: a group out of reach keeps its rules out of reach.
    "ec2:ModifySecurityGroupRules": ["security-group"],
    **dict.fromkeys(
        [f"ec2:UpdateSecurityGroupRuleDescriptions{way}" for way in ("Ingress", "Egress")], ["security-group"]
    ),
}


def log_group_forms(action, arn):
    """Tags are of the group itself, all else is of the group and what is in it:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html"""
    return arn if "Tag" in action.split(":")[1] else arn + ":*"


def targets(fixture, it, action):
    """On what CloudFormation makes a call for a resource: (kind, ARN, resource) each."""
    kinds = authorization.kinds(action)
    kinds = {kind: kinds[kind] for kind in CONCERNS.get(action, kinds)}
    if not kinds:
        return [("", "*", None)]
    found = []
    near = [each for each in fixture.near(it) if each.kind not in ("AWS::SSM::Parameter",)]
    everywhere = [*near, *fixture.stacks[it.stack].values()]
    meant = {}
    for kind, (required, pattern) in kinds.items():
        own = [it] if pattern.match(it.arn) else []
        meant[kind] = own or [each for each in near if pattern.match(each.arn)]
        if not meant[kind] and required:
            meant[kind] = [each for each in everywhere if pattern.match(each.arn)]
    for kind, candidates in meant.items():
        # The reference calls each kind of load balancer required where it means one of them.
        family = kind.split("/")[0]
        instead = any(other != kind and other.split("/")[0] == family and meant[other] for other in meant)
        made_up = [] if candidates else MADE_UP.get((action, kind), lambda *_: [])(fixture, it)
        if not (candidates or made_up or instead) and kinds[kind][0]:
            raise Unknown(f"on which {kind} {action} is called for {it}")
        # A policy of scaling has no ARN of its own: what it is about has.
        found += [(kind, each.arn, fixture.at(each.arn) or each) for each in candidates]
        found += [(kind, arn, owner) for arn, owner in made_up]
    if any(arn == it.arn for _, arn, _ in found):
        # What is called on the resource itself needs no others, unless it must have them.
        found = [each for each in found if each[1] == it.arn or kinds[each[0]][0] or needs_both(action, each[0])]
    if not found:
        raise Unknown(f"on what {action} is called for {it}: {', '.join(kinds)}")
    return found


def needs_both(action, kind):
    """A group is made in a network, and IAM looks at both."""
    return action == "ec2:CreateSecurityGroup" and kind == "vpc"


def zone_of(it):
    """The zone in which a certificate or a record of a template makes records."""
    if it.kind == "AWS::CertificateManager::Certificate":
        return it.properties["DomainValidationOptions"][0]["HostedZoneId"]
    return it.properties["HostedZoneId"]


def record_change(fixture, it):
    """What IAM learns of a change of records: names in lower case without the final dot, types, and actions.
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-rrset-conditions.html"""
    keys = "route53:ChangeResourceRecordSets"
    if it.kind == "AWS::CertificateManager::Certificate":
        # https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
        names, kind = [f"_{it.digest(32)}.{it.properties['DomainName']}"], "CNAME"
    else:
        names, kind = [it.properties["Name"]], it.properties["Type"]
    return {f"{keys}NormalizedRecordNames": names, f"{keys}RecordTypes": [kind], f"{keys}Actions": ["CREATE"]}


def below_service(what):
    def make(fixture, it):
        services = [it] if it.kind == "AWS::ECS::Service" else [
            each for each in fixture.stacks[it.stack].values() if each.kind == "AWS::ECS::Service"
        ]  # fmt: skip
        return [(each.arn.replace(":service/", f":{what}/") + "/k3Lm", each) for each in services]

    return make


def tracking_alarms(fixture, it):
    service = next(each for each in fixture.stacks[it.stack].values() if each.kind == "AWS::ECS::Service")
    path = service.arn.split(":")[-1]
    name = f"TargetTracking-{path}-AlarmHigh-{it.digest(8)}"
    return [(f"arn:aws:cloudwatch:{fixture.region}:{fixture.account}:alarm:{name}", None)]


MADE_UP = {
    # The zone of an endpoint's private names is AWS's own.
    ("route53:AssociateVPCWithHostedZone", "hostedzone"): lambda *_: [("arn:aws:route53:::hostedzone/Z0A1B2C3D", None)],
    ("ecs:DescribeServiceDeployments", "service-deployment"): below_service("service-deployment"),
    ("ecs:StopServiceDeployment", "service-deployment"): below_service("service-deployment"),
    ("ecs:DescribeServiceRevisions", "service-revision"): below_service("service-revision"),
}


def passed(it):
    """The roles that a resource hands on: (ARN, to which service)."""
    # What a pipeline's actions hand on is theirs to be allowed to.
    given = it.properties["RoleArn"] if it.kind == "AWS::CodePipeline::Pipeline" else it.properties
    found = json.dumps(given)
    for arn in sorted(set(re.findall(r"arn:aws:iam::\d+:role/[\w+=,.@/-]+", found))):
        yield arn, {
            "AWS::ECS::TaskDefinition": "ecs-tasks.amazonaws.com",
            "AWS::ECS::Service": "ecs.amazonaws.com",
            "AWS::CodePipeline::Pipeline": "codepipeline.amazonaws.com",
            "AWS::CodeBuild::Project": "codebuild.amazonaws.com",
            "AWS::EC2::FlowLog": "vpc-flow-logs.amazonaws.com",
        }.get(it.kind, "unknown")


LINKED = {
    "ECS": ("ecs.amazonaws.com", "AWSServiceRoleForECS"),
    "ApplicationAutoScaling": (
        "ecs.application-autoscaling.amazonaws.com",
        "AWSServiceRoleForApplicationAutoScaling_ECSService",
    ),
    "ElasticLoadBalancingV2": ("elasticloadbalancing.amazonaws.com", "AWSServiceRoleForElasticLoadBalancing"),
}


def wanted_by_schema(it, phase):
    """What the handler of a resource calls, without what is for properties that it does not have."""
    text = json.dumps(it.raw)
    named = [*authorization.handlers(it.kind)[phase], *BESIDES.get((it.kind, phase), [])]
    others = {other for action in named if not unused(action) for other in authorization.dependents(action)} - set(named)
    others = {other for other in others if all(f'"{key}"' in text for pattern, key in DEPENDS_FOR if re.fullmatch(pattern, other))}
    for action in [*named, *sorted(others)]:
        if any(re.fullmatch(pattern, action) and f'"{key}"' not in text for pattern, key in FOR_A_PROPERTY):
            continue
        if not unused(action):
            yield action


def for_resource(fixture, it, phase, extra=None):
    """The calls of CloudFormation for a resource in create, read, update or delete."""
    why = f"CloudFormation, {phase} of {it}"
    for action in wanted_by_schema(it, phase):
        if authorization.action(action) is None:
            # Some schemas name what IAM does not know, and nobody could allow.
            continue
        if action == "iam:PassRole":
            for arn, service in passed(it):
                yield Call(action, arn, {**(extra or {}), "iam:PassedToService": service}, why)
            continue
        if action == "iam:GetRole":
            yield from (Call(action, arn, dict(extra or {}), why) for arn, _ in passed(it))
            continue
        if action == "iam:CreateServiceLinkedRole":
            service, role = LINKED.get(it.kind.split("::")[1], LINKED["ECS"])
            arn = f"arn:aws:iam::{fixture.account}:role/aws-service-role/{service}/{role}"
            yield Call(action, arn, {**(extra or {}), "iam:AWSServiceName": service}, why)
            continue
        if action.startswith("cloudwatch:") and it.kind.startswith("AWS::ApplicationAutoScaling"):
            if not authorization.kinds(action):
                yield Call(action, "*", dict(extra or {}), why)
            elif it.kind.endswith("ScalingPolicy"):
                for arn, _ in tracking_alarms(fixture, it):
                    yield Call(action, arn, dict(extra or {}), why)
            continue
        if action.startswith("route53:") and it.kind in ("AWS::CertificateManager::Certificate", "AWS::Route53::RecordSet"):
            kinds = authorization.kinds(action)
            resource = "*" if not kinds else f"arn:aws:route53:::{'change/C0A1' if 'change' in kinds else 'hostedzone/' + zone_of(it)}"
            context = record_change(fixture, it) if action == "route53:ChangeResourceRecordSets" else {}
            yield Call(action, resource, {**(extra or {}), **context}, why)
            continue
        if action == "acm:RequestCertificate":
            names = {"acm:DomainNames": [it.properties["DomainName"]], "acm:ValidationMethod": "DNS"}
            yield Call(action, "*", {**(extra or {}), **names, **tag_context(["aws"], "RequestTag", it.tags)}, why)
            continue
        if action in ("ecs:DescribeServices", "ecs:UpdateService") and it.kind.startswith("AWS::ApplicationAutoScaling"):
            services = [each for each in fixture.stacks[it.stack].values() if each.kind == "AWS::ECS::Service"]
            found = [("service", each.arn, each) for each in services]
        else:
            found = targets(fixture, it, action)
        for kind, arn, target in found:
            context = context_of(fixture, action, target, it, phase, extra)
            if target is not None and target.kind == "AWS::Logs::LogGroup":
                arn = log_group_forms(action, arn)
            yield Call(action, arn, only_known(action, kind, context), why)
