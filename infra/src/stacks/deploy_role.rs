//! What CloudFormation may do when a pipeline deploys an app stack: what such a stack holds, and nothing else.

use super::names::{Names, local_arn, local_arn_of};
use crate::cfn::{
    Arn, Condition, Handle, PolicyDocument, Principal, Statement, TemplateBuilder, Text, Value, account, iam,
    partition, text,
};
use crate::settings::EnvironmentName;

/// The cluster's roles that an app stack hands on.
pub(super) struct Passed {
    /// To tasks.
    pub(super) to_tasks: Vec<Value<Arn>>,
    /// To ECS itself, which moves traffic with it.
    pub(super) to_ecs: Option<Value<Arn>>,
}

/// Adds the role, for the app stacks of these environments.
pub(super) fn build(
    template: &mut TemplateBuilder,
    names: &Names,
    environments: &[EnvironmentName],
    passed: &Passed,
) -> Handle<iam::Role> {
    let role = template.add(
        "DeployRole",
        &iam::Role {
            description: "What CloudFormation may do to deploy app stacks".to_owned(),
            assume_role_policy_document: PolicyDocument::new([Statement::allow(["sts:AssumeRole"])
                .to(Principal::Service("cloudformation.amazonaws.com"))
                // CloudFormation is not documented to say for which account it takes a stack's role. Where it does,
                // it must be ours. Only the pipeline may hand the role to it in any case.
                .when(Condition::equals_if_said("aws:SourceAccount", account()))]),
            managed_policy_arns: Vec::new(),
        },
    );
    let mut statements = vec![reading()];
    statements.extend(service(names, environments));
    statements.extend(load_balancer());
    statements.extend(watching(names, environments));
    statements.push(
        Statement::allow(["iam:PassRole"])
            .on(passed.to_tasks.clone())
            .when(Condition::equals::<Text>(
                "iam:PassedToService",
                "ecs-tasks.amazonaws.com".into(),
            )),
    );
    if let Some(role) = &passed.to_ecs {
        statements.push(Statement::allow(["iam:PassRole"]).on([role.clone()]).when(
            Condition::equals::<Text>("iam:PassedToService", "ecs.amazonaws.com".into()),
        ));
    }
    template.add(
        "DeployPolicy",
        &iam::Policy {
            policy_name: "deploy".into(),
            policy_document: PolicyDocument::new(statements),
            roles: vec![role.name()],
        },
    );
    role
}

/// Actions that know no resources; all of them look, save that a revision is given up.
fn reading() -> Statement {
    Statement::allow([
        "application-autoscaling:DescribeScalableTargets",
        "application-autoscaling:DescribeScalingPolicies",
        "application-autoscaling:DescribeScheduledActions",
        "cloudwatch:DescribeAlarms",
        "ec2:DescribeAccountAttributes",
        "ec2:DescribeInternetGateways",
        "ec2:DescribeSecurityGroupRules",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
        "ecs:DeregisterTaskDefinition",
        "ecs:DescribeTaskDefinition",
        "elasticloadbalancing:DescribeListenerAttributes",
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeLoadBalancerAttributes",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeRules",
        "elasticloadbalancing:DescribeTags",
        "elasticloadbalancing:DescribeTargetGroupAttributes",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
        "logs:DescribeLogGroups",
    ])
    .on_any()
}

fn service(names: &Names, environments: &[EnvironmentName]) -> Vec<Statement> {
    let families = environments.iter().map(|name| {
        local_arn_of(
            "ecs",
            &format!("task-definition/{}:*", names.prefixed(name.as_str())),
        )
    });
    // The cluster's name is CloudFormation's to choose, and begins with that of its stack.
    let clusters: Vec<_> = environments
        .iter()
        .map(|name| names.cluster(name.cluster()))
        .collect();
    let services = environments.iter().zip(&clusters).flat_map(|(name, cluster)| {
        let app = names.app(*name);
        [
            local_arn_of("ecs", &format!("service/{cluster}-*/{app}-*")),
            local_arn_of("ecs", &format!("service-deployment/{cluster}-*/{app}-*")),
            local_arn_of("ecs", &format!("service-revision/{cluster}-*/{app}-*")),
        ]
    });
    let parameters = shared_by(names, environments);
    vec![
        Statement::allow([
            "ecs:RegisterTaskDefinition",
            "ecs:TagResource",
            "ecs:UntagResource",
        ])
        .on(families),
        Statement::allow([
            "ecs:CreateService",
            "ecs:DeleteService",
            "ecs:DescribeServiceDeployments",
            "ecs:DescribeServiceRevisions",
            "ecs:DescribeServices",
            "ecs:ListServiceDeployments",
            "ecs:StopServiceDeployment",
            "ecs:TagResource",
            "ecs:UntagResource",
            "ecs:UpdateService",
        ])
        .on(services),
        Statement::allow(["ssm:GetParameters"]).on(parameters),
        Statement::allow([
            "application-autoscaling:DeleteScalingPolicy",
            "application-autoscaling:DeleteScheduledAction",
            "application-autoscaling:DeregisterScalableTarget",
            "application-autoscaling:ListTagsForResource",
            "application-autoscaling:PutScalingPolicy",
            "application-autoscaling:PutScheduledAction",
            "application-autoscaling:RegisterScalableTarget",
            "application-autoscaling:TagResource",
        ])
        .on([local_arn_of("application-autoscaling", "scalable-target/*")]),
    ]
}

/// What the clusters and the foundation share.
fn shared_by(names: &Names, environments: &[EnvironmentName]) -> Vec<Value<Arn>> {
    let mut parameters = vec![names.shared_parameter("*")];
    for name in environments {
        let of_cluster = names.cluster_parameter(name.cluster(), "*");
        if !parameters.contains(&of_cluster) {
            parameters.push(of_cluster);
        }
    }
    parameters
        .iter()
        .map(|parameter| local_arn_of("ssm", &format!("parameter{parameter}")))
        .collect()
}

fn load_balancer() -> Vec<Statement> {
    vec![
        Statement::allow([
            "elasticloadbalancing:AddTags",
            "elasticloadbalancing:CreateListener",
            "elasticloadbalancing:CreateLoadBalancer",
            "elasticloadbalancing:CreateRule",
            "elasticloadbalancing:CreateTargetGroup",
            "elasticloadbalancing:DeleteListener",
            "elasticloadbalancing:DeleteLoadBalancer",
            "elasticloadbalancing:DeleteRule",
            "elasticloadbalancing:DeleteTargetGroup",
            "elasticloadbalancing:ModifyListener",
            "elasticloadbalancing:ModifyListenerAttributes",
            "elasticloadbalancing:ModifyLoadBalancerAttributes",
            "elasticloadbalancing:ModifyRule",
            "elasticloadbalancing:ModifyTargetGroup",
            "elasticloadbalancing:ModifyTargetGroupAttributes",
            "elasticloadbalancing:RemoveTags",
            "elasticloadbalancing:SetSecurityGroups",
            "elasticloadbalancing:SetSubnets",
        ])
        .on([
            "loadbalancer/app/*",
            "targetgroup/*",
            "listener/app/*",
            "listener-rule/app/*",
        ]
        .map(|resource| local_arn_of("elasticloadbalancing", resource))),
        Statement::allow([
            "ec2:AuthorizeSecurityGroupEgress",
            "ec2:AuthorizeSecurityGroupIngress",
            "ec2:CreateSecurityGroup",
            "ec2:CreateTags",
            "ec2:DeleteSecurityGroup",
            "ec2:DeleteTags",
            "ec2:ModifySecurityGroupRules",
            "ec2:RevokeSecurityGroupEgress",
            "ec2:RevokeSecurityGroupIngress",
            "ec2:UpdateSecurityGroupRuleDescriptionsEgress",
            "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
        ])
        .on(["security-group/*", "security-group-rule/*", "vpc/*"]
            .map(|resource| local_arn_of("ec2", resource))),
        // What an account gets when it uses these services for the first time.
        Statement::allow(["iam:CreateServiceLinkedRole"])
            .on::<Arn>([text([
                "arn:".into(),
                partition(),
                ":iam::".into(),
                account(),
                ":role/aws-service-role/*".into(),
            ])])
            .when(Condition::is_one_of::<Text>(
                "iam:AWSServiceName",
                [
                    "ecs.amazonaws.com".into(),
                    "ecs.application-autoscaling.amazonaws.com".into(),
                    "elasticloadbalancing.amazonaws.com".into(),
                ],
            )),
    ]
}

fn watching(names: &Names, environments: &[EnvironmentName]) -> Vec<Statement> {
    let groups = environments.iter().map(|name| {
        local_arn(
            "logs",
            [format!("log-group:{}", names.log_group(*name, "*")).into()],
        )
    });
    let alarms = environments
        .iter()
        .map(|name| {
            local_arn_of(
                "cloudwatch",
                &format!("alarm:{}", names.prefixed(&format!("{name}-*"))),
            )
        })
        // Those that scaling makes for itself, in the name of whoever makes its policy.
        .chain([local_arn_of("cloudwatch", "alarm:TargetTracking-service/*")]);
    vec![
        Statement::allow([
            "logs:AssociateKmsKey",
            "logs:CreateLogGroup",
            "logs:DeleteLogGroup",
            "logs:DisassociateKmsKey",
            "logs:ListTagsForResource",
            "logs:PutRetentionPolicy",
            "logs:TagResource",
            "logs:UntagResource",
        ])
        .on(groups),
        Statement::allow([
            "cloudwatch:DeleteAlarms",
            "cloudwatch:ListTagsForResource",
            "cloudwatch:PutMetricAlarm",
            "cloudwatch:TagResource",
            "cloudwatch:UntagResource",
        ])
        .on(alarms),
    ]
}
