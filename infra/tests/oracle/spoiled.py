"""Faults put into templates, which the judges must find: a judge that finds none of them does not judge."""

import json


def without_logging(resource):
    attributes = resource["Properties"]["LoadBalancerAttributes"]
    attributes[:] = [each for each in attributes if not each["Key"].startswith("access_logs.")]


def without_statement(document, sid):
    def change(resource):
        statements = resource["Properties"][document]["Statement"]
        statements[:] = [each for each in statements if each["Sid"] != sid]

    return change


def without(name):
    return lambda resource: resource["Properties"].pop(name)


def to_everybody(resource):
    resource["Properties"]["PolicyDocument"]["Statement"][1]["Principal"] = "*"


# (stack, resource, change, what the judges say then)
FAULTS = [
    ("ProdAppStack", "AppLogs", without("KmsKeyId"), ["cfn-guard: ProdAppStack AppLogs CT.CLOUDWATCH.PR.3"]),
    (
        "ProdAppStack",
        "LoadBalancer",
        without_logging,
        ["cfn-guard: ProdAppStack LoadBalancer CT.ELASTICLOADBALANCING.PR.6", "cdk-nag: ProdAppStack LoadBalancer AwsSolutions-ELB2"],
    ),
    (
        "DevCluster",
        "AccessLogsPolicy",
        without_statement("PolicyDocument", "OnlyEncrypted"),
        ["cfn-guard: DevCluster AccessLogsPolicy CT.S3.PR.8", "cdk-nag: DevCluster AccessLogs AwsSolutions-S10"],
    ),
    (
        "DevCluster",
        "LogKey",
        without_statement("KeyPolicy", "OnlyServicesGetGrants"),
        ["cfn-guard: DevCluster LogKey CT.KMS.PR.3"],
    ),
    ("DevCluster", "LogKey", without("EnableKeyRotation"), ["cdk-nag: DevCluster LogKey AwsSolutions-KMS5"]),
    ("ProdCluster", "AccessLogsPolicy", to_everybody, ["cfripper: ProdCluster AccessLogsPolicy S3CrossAccountTrustRule"]),
]


def spoil(stack, text):
    """The template of a stack with its faults, None if it has none."""
    template, faults = json.loads(text), [fault for fault in FAULTS if fault[0] == stack]
    for _, name, change, _ in faults:
        change(template["Resources"][name])
    return json.dumps(template) if faults else None


def unnoticed(findings):
    """What the judges should have said of the spoiled templates."""
    signs = [sign for *_, signs in FAULTS for sign in signs]
    return [sign for sign in signs if not any(finding.startswith(sign) for finding in findings)]
