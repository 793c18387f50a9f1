"""Findings that are let pass, each with its reason."""

import re

ACCEPTED = [
    (re.compile(pattern), reason)
    for pattern, reason in [
        (
            r"reaches: \S+DeployRole-\w+ may logs:(Delete|Put)QueryDefinition, which knows no resources",
            "Saved queries of Logs Insights have neither ARNs nor tags. They hold text that a person runs with permissions of "
            "their own: who changes one reads nothing by that.",
        ),
        (
            r"reaches: \S+ may application-autoscaling:(RegisterScalableTarget|TagResource) on another project's",
            "What registers a target also changes one, and a new one has no tags to tell it by: a target of another "
            "project is out of reach if it has tags, and in reach if it has none.",
        ),
        (
            r"reaches: (\S+-)?(Dev|Prod)Cluster-\2DeployRole-\w+ may ec2:\w+ on (\S+-)?\2Cluster/EndpointSecurityGroup ",
            "With `nat = none` the endpoints' security group has the tag of the environment that the cluster is named after. The "
            "deploy role of that environment may change it; the one of staging may not.",
        ),
        (
            r"reaches: \S+DeployRole-\w+ may acm:AddTagsToCertificate on another project's CertificateManager::Certificate",
            "AWS tags a new certificate in the name of who requests it, and a new one has no tags to tell it by: a certificate of "
            "another project is out of reach if it has tags.",
        ),
        # parliament asks each statement for all resources that an action needs; IAM asks the policy.
        (
            r"parliament: RESOURCE_MISMATCH ec2:((Authorize|Revoke)SecurityGroup(In|E)gress|CreateSecurityGroup|ModifySecurityGroupRules), ",
            "Groups, rules and the network have statements of their own, each with its conditions.",
        ),
        (
            r"parliament: RESOURCE_MISMATCH elasticloadbalancing:(Create|Delete|Modify)(Rule|Listener)\w*, ",
            "It asks for listeners of network load balancers besides those of application load balancers.",
        ),
        (
            r"parliament: RESOURCE_MISMATCH code(star-)?connections:(UseConnection|PassConnection), ",
            "One statement has both spellings, and an ARN has one of them.",
        ),
        (
            r"parliament: RESOURCE_STAR (cloudwatch:DescribeAlarms|ecs:(Describe|List)\w+), ",
            "Only looks; tasks, revisions and alarms are found by a call on all of them.",
        ),
        (
            r"parliament: RESOURCE_STAR code(star-)?connections:\w+, in connection.json$",
            "The connection of the first day, whose id nobody knows beforehand.",
        ),
        (
            r"parliament: UNKNOWN_CONDITION_FOR_ACTION Unknown condition elasticloadbalancing:CreateAction for action elasticloadbalancing:AddTags, ",
            "AWS's reference names this key for this action; parliament's copy is older.",
        ),
    ]
]
