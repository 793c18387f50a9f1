"""Self-test of the judge: takes a cure out of the templates, and the judge must notice."""

import judge
import people


def as_list(value):
    return value if isinstance(value, list) else [value]


def statements_of(template, name):
    for key in ("PolicyDocument", "KeyPolicy"):
        if key in template["Resources"][name]["Properties"]:
            return template["Resources"][name]["Properties"][key]["Statement"]
    return []


def policies(templates, kinds=("AWS::IAM::Policy",)):
    for template in templates.values():
        for name, body in template["Resources"].items():
            if body["Type"] in kinds:
                yield template, name


def in_statements(change, kinds=("AWS::IAM::Policy",)):
    """A change of templates: `change` of every statement of every policy, True if it changed something."""

    def of_templates(templates):
        return any([change(statement) for template, name in policies(templates, kinds) for statement in statements_of(template, name)])

    return of_templates


def without(action):
    """Takes an action out of every policy."""

    def change(statement):
        if action not in as_list(statement["Action"]):
            return False
        # A statement without any action would be no statement.
        statement["Action"] = [each for each in as_list(statement["Action"]) if each != action] or "sts:GetCallerIdentity"
        return True

    return in_statements(change)


def with_action(action, to):
    """Adds an action to every statement that has another."""

    def change(statement):
        if to not in as_list(statement["Action"]):
            return False
        statement["Action"] = [*as_list(statement["Action"]), action]
        return True

    return in_statements(change)


def source_account(kind):
    """Conditions what EventBridge may do on its account, which it does not say."""

    def change(statement):
        if "events.amazonaws.com" not in str(statement.get("Principal")):
            return False
        condition = statement.setdefault("Condition", {}).setdefault("StringEquals", {})
        condition["aws:SourceAccount"] = {"Ref": "AWS::AccountId"}
        return True

    return in_statements(change, (kind,))


def without_conditions(action):
    """Takes the conditions of an action away."""
    return in_statements(lambda statement: action in as_list(statement["Action"]) and statement.pop("Condition", None) is not None)


def without_condition(action, operator):
    """Takes one condition of an action away."""
    return in_statements(
        lambda statement: action in as_list(statement["Action"]) and statement.get("Condition", {}).pop(operator, None) is not None
    )


def conditioned(action, key):
    """Adds a condition."""

    def change(statement):
        if action not in as_list(statement["Action"]):
            return False
        statement.setdefault("Condition", {}).setdefault("StringEquals", {})[key] = "dev"
        return True

    return in_statements(change)


def on_everything(action):
    """Lets an action loose."""

    def change(statement):
        if action not in as_list(statement["Action"]):
            return False
        statement["Resource"] = "*"
        return True

    return in_statements(change)


def without_resource(action, end):
    """Takes the resources out of an action's statements that end so."""

    def change(statement):
        kept = [each for each in as_list(statement["Resource"]) if not str(each).rstrip("'}").endswith(end)]
        if action not in as_list(statement["Action"]) or kept == as_list(statement["Resource"]):
            return False
        statement["Resource"] = kept
        return True

    return in_statements(change)


# What is taken out → change, and what the judge must say then.
MUTATIONS = {
    "load balancers of others are out of reach": (
        without_conditions("elasticloadbalancing:DeleteLoadBalancer"),
        "may elasticloadbalancing:DeleteLoadBalancer on ProdAppStack",
    ),
    "security groups of others are out of reach": (
        without_conditions("ec2:AuthorizeSecurityGroupIngress"),
        "may ec2:AuthorizeSecurityGroupIngress on",
    ),
    "scaling of others is out of reach": (
        without_conditions("application-autoscaling:DeregisterScalableTarget"),
        "may application-autoscaling:DeregisterScalableTarget on ProdAppStack",
    ),
    "EventBridge may use the key": (source_account("AWS::KMS::Key"), "events.amazonaws.com may not kms:"),
    "EventBridge may use the topic": (source_account("AWS::SNS::TopicPolicy"), "events.amazonaws.com may not sns:"),
    "pipelines may set the access list of artifacts": (without("s3:PutObjectAcl"), "may not s3:PutObjectAcl"),
    "pipelines may read what they deploy": (without("cloudformation:GetTemplate"), "may not cloudformation:GetTemplate"),
    "pipelines may see the resources of what they deploy": (
        without("cloudformation:DescribeStackResources"),
        "may not cloudformation:DescribeStackResources",
    ),
    "pipelines may validate templates": (without("cloudformation:ValidateTemplate"), "may not cloudformation:Validate"),
    "deploy roles read capacity": (without("elasticloadbalancing:DescribeCapacityReservation"), "DescribeCapacityReservation"),
    "deploy roles read index policies": (without("logs:DescribeIndexPolicies"), "may not logs:DescribeIndexPolicies"),
    "deploy roles read data protection": (without("logs:GetDataProtectionPolicy"), "may not logs:GetDataProtectionPolicy"),
    "deploy roles read resource policies": (without("logs:DescribeResourcePolicies"), "may not logs:DescribeResource"),
    "deploy roles read instances": (without("ec2:DescribeInstances"), "may not ec2:DescribeInstances"),
    "deploy roles list tags": (without("ecs:ListTagsForResource"), "may not ecs:ListTagsForResource"),
    "deploy roles share the group of the tasks": (without("ssm:PutParameter"), "may not ssm:PutParameter"),
    "deploy roles take it back": (without("ssm:DeleteParameter"), "may not ssm:DeleteParameter"),
    "deploy roles tag what they share": (without("ssm:AddTagsToResource"), "may not ssm:AddTagsToResource"),
    "what is shared by others is out of reach": (
        on_everything("ssm:DeleteParameter"),
        "broad: ssm:DeleteParameter",
    ),
    "one-off tasks have a definition": (
        without_resource("ecs:RegisterTaskDefinition", "-run:*"),
        "may not ecs:RegisterTaskDefinition",
    ),
    "the command before a release has a definition": (
        without_resource("ecs:RegisterTaskDefinition", "-before-release:*"),
        "may not ecs:RegisterTaskDefinition",
    ),
    "pipelines run the command before a release": (without("ecs:RunTask"), "may not ecs:RunTask"),
    "they tag its task": (without("ecs:TagResource"), "may not ecs:TagResource"),
    "they wait for its end": (without("ecs:DescribeTasks"), "may not ecs:DescribeTasks"),
    "they stop it when it takes too long": (without("ecs:StopTask"), "may not ecs:StopTask"),
    "they show its output": (without("logs:GetLogEvents"), "may not logs:GetLogEvents"),
    "they hand on the roles of its environment": (
        without_resource("iam:PassRole", "ProdExecutionRoleArn"),
        "BeforeProdRole-1A2B3C4D5E6F may not iam:PassRole",
    ),
    "they run no other command": (on_everything("ecs:RunTask"), "runs: "),
    "they stop no other task": (without_conditions("ecs:StopTask"), "runs: "),
    "they hand roles to tasks only": (without_conditions("iam:PassRole"), "runs: "),
    "they tag no other task": (without_conditions("ecs:TagResource"), "runs: "),
    "deploy roles untag scaling": (without("application-autoscaling:UntagResource"), "may not application-autoscaling:UntagResource"),
    "builds may push": (without("ecr:PutImage"), "may not ecr:PutImage"),
    "tasks may pull": (without("ecr:BatchGetImage"), "may not ecr:BatchGetImage"),
    "roles are handed on": (without("iam:PassRole"), "may not iam:PassRole"),
    "what knows resources names them": (on_everything("ecs:CreateService"), "broad: ecs:CreateService"),
    "tests write nothing": (with_action("ssm:PutParameter", "logs:PutLogEvents"), "TestsRole-1A2B3C4D5E6F may ssm:PutParameter"),
    "smoke tests read no secrets": (
        with_action("secretsmanager:GetSecretValue", "logs:PutLogEvents"),
        "SmokeTestRole-1A2B3C4D5E6F may secretsmanager:GetSecretValue",
    ),
    "groups of others stay": (
        without_conditions("ec2:DeleteSecurityGroup"),
        "DevDeployRole-1A2B3C4D5E6F may ec2:DeleteSecurityGroup on ProdAppStack",
    ),
    "tags of others stay": (
        without_conditions("elasticloadbalancing:AddTags"),
        "may elasticloadbalancing:AddTags on ProdAppStack",
    ),
    "records of others are out of reach": (
        without_conditions("route53:ChangeResourceRecordSets"),
        "may change the record mail.",
    ),
    "records of environments below a domain are out of reach": (
        without_condition("route53:ChangeResourceRecordSets", "ForAllValues:StringNotLike"),
        "ProdDeployRole-1A2B3C4D5E6F may change the record _0a1b.dev.penguins.example CNAME",
    ),
    "certificates of other domains are out of reach": (
        without_conditions("acm:RequestCertificate"),
        "may request a certificate for strangers.example",
    ),
    "certificates of others stay": (without_conditions("acm:DeleteCertificate"), "may acm:DeleteCertificate on"),
    "deploy roles create records": (without("route53:ChangeResourceRecordSets"), "may not route53:ChangeResourceRecordSets"),
    "deploy roles wait for records": (without("route53:GetChange"), "may not route53:GetChange"),
    "deploy roles find zones": (without("route53:ListHostedZones"), "may not route53:ListHostedZones"),
    "deploy roles request certificates": (without("acm:RequestCertificate"), "may not acm:RequestCertificate"),
    "deploy roles see certificates": (without("acm:DescribeCertificate"), "may not acm:DescribeCertificate"),
    "actions exist": (with_action("ecs:DescribeWeather", "ecs:CreateService"), "no such action: ecs:DescribeWeather"),
    "conditions exist": (conditioned("ecs:CreateService", "ecs:weather"), "ecs:CreateService does not know ecs:weather"),
}


def not_for_people(action):
    """Takes an action out of the policies of people."""

    def change(statements):
        for statement in statements:
            statement["Action"] = [each for each in as_list(statement["Action"]) if each != action] or ["sts:GetSessionToken"]

    return change


def people_also(action):
    """Gives everybody an action."""
    return lambda statements: statements.append({"Effect": "Allow", "Action": [action], "Resource": "*"})


# What is changed in the policies of people → change, and what the judge must say then.
OF_PEOPLE = {
    **{
        f"people may {action}": (not_for_people(action), f"may not {action}")
        for action in (
            "codeconnections:PassConnection", "cloudformation:DetectStackResourceDrift", "logs:DescribeIndexPolicies",
            "cloudformation:BatchDescribeTypeConfigurations", "elasticloadbalancing:DescribeCapacityReservation",
            "iam:PassRole", "codepipeline:PutApprovalResult", "cloudformation:ExecuteChangeSet", "ssm:PutParameter",
            "ecr:GetAuthorizationToken", "ecr:UploadLayerPart", "ecr:PutImage",
            "ecs:RunTask", "ecs:StopTask", "ecs:TagResource",
            # With `token-secret`, and with `nat = "none"`.
            "secretsmanager:GetSecretValue", "route53:AssociateVPCWithHostedZone",
            # With `hosted-zone`.
            "route53:ListHostedZonesByName", "route53:ChangeResourceRecordSets", "acm:RequestCertificate",
            *(f"codeconnections:{name}" for name in people.HANDSHAKE),
            *people.LINKED_PAGES,
        )
    },
    "who approves does not start": (people_also("codepipeline:StartPipelineExecution"), "apart: a approver may"),
    "who deploys does not approve": (people_also("codepipeline:PutApprovalResult"), "apart: a deployer may"),
    "who pushes does not start": (people_also("codepipeline:StartPipelineExecution"), "apart: a pusher may"),
    "who pushes does not run commands": (people_also("ecs:RunTask"), "apart: a pusher may ecs:RunTask"),
    "who runs commands leaves the service alone": (people_also("ecs:StopTask"), "apart: a runner may ecs:StopTask"),
    "who runs commands hands on the service's roles only": (people_also("iam:PassRole"), "apart: a runner may iam:PassRole"),
    "who starts does not deploy": (people_also("cloudformation:ExecuteChangeSet"), "apart: a releaser may"),
    "roles are changed by CloudFormation": (people_also("iam:PutRolePolicy"), "without CloudFormation"),
}  # fmt: skip


def unnoticed(installations):
    """The cures whose absence the judge notices in none of the installations, each a function from a change of templates to
    a fixture, and the names that people put into their policies. Some cures are needed with some settings only."""
    quiet, worlds = [], [(make, make(None), names) for make, names in installations]
    # What the judge says of the templates as they are, which is accepted or has failed elsewhere, notices nothing.
    worlds_before = [(make, set(judge.judge(fixture))) for make, fixture, _ in worlds]
    for what, (change, sign) in MUTATIONS.items():
        changed = [(fixture, before) for make, before in worlds_before if (fixture := make(change))]
        if not changed:
            quiet.append(f"{what}: the templates have nothing that could be taken out")
        elif not any(sign in finding for fixture, before in changed for finding in judge.judge(fixture) if finding not in before):
            quiet.append(f"{what}: taken out, and the judge does not say `{sign}`")
    if any(True for _, fixture, names in worlds for _ in people.judge(fixture, names)):
        quiet.append("people: the judge has something to say of the policies as they are")
    for what, (change, sign) in OF_PEOPLE.items():
        if not any(sign in finding for _, fixture, names in worlds for finding in people.judge(fixture, names, change)):
            quiet.append(f"{what}: changed, and the judge does not say `{sign}`")
    return quiet
