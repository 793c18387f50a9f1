//! Deploy role: the rights of CloudFormation when a pipeline deploys an app stack.
//!
//! The template may come from a commit that nobody reviewed. Therefore the role reaches only resources of its own
//! environment: by name where AWS derives names from the stack, by the tags `project` and `environment` elsewhere, and by
//! the VPC for resources without tags.
//!
//! CloudFormation keeps the role of a stack for later operations, so that it must live as long as the stack. It belongs
//! to the cluster stack, not to the pipeline stack.

use super::domain::{self, Domain};
use super::foundation::capitalized;
use super::names::{Names, local_arn, local_arn_of};
use super::tagged::Tagged;
use crate::cfn::ec2::VpcId;
use crate::cfn::ecs::ClusterName as EcsClusterName;
use crate::cfn::{
    Arn, Condition, Handle, Principal, Statement, TemplateBuilder, Text, Value, account, iam, partition, text,
};
use crate::settings::EnvironmentName;

/// Resources of the cluster that an app stack uses.
pub(super) struct Surroundings {
    pub(super) cluster: Value<EcsClusterName>,
    pub(super) vpc: Value<VpcId>,
    /// Roles that may be passed to tasks.
    pub(super) to_tasks: Vec<Value<Arn>>,
    /// Role that may be passed to ECS to shift traffic.
    pub(super) to_ecs: Value<Arn>,
    /// Task families that it registers.
    pub(super) families: Vec<String>,
    /// Domain in a hosted zone.
    pub(super) domain: Option<Domain>,
}

/// Returns the short name under which the deploy role is shared.
pub(super) fn parameter(environment: EnvironmentName) -> String {
    format!("{environment}-deploy-role-arn")
}

/// Adds the deploy role of an environment.
pub(super) fn build(
    template: &mut TemplateBuilder,
    names: &Names,
    environment: EnvironmentName,
    its: &Surroundings,
) -> Handle<iam::Role> {
    let id = capitalized(environment.as_str());
    // CloudFormation does not document the source account for stack roles: check it only if present. The right to pass
    // the role is limited to the pipeline.
    let trust = Statement::allow(["sts:AssumeRole"])
        .to(Principal::Service("cloudformation.amazonaws.com"))
        .when(Condition::equals_if_exists("aws:SourceAccount", account()));
    let role = template.add(
        format!("{id}DeployRole"),
        &iam::Role::new(format!("Deploys the app stack of {environment}"), [trust]),
    );
    let mut tagged = Tagged::new(names, environment);
    let mut statements = vec![reading()];
    statements.extend(service(names, environment, its));
    scaling(&mut tagged);
    statements.extend(load_balancer(&mut tagged));
    statements.extend(security_groups(&mut tagged, &its.vpc));
    statements.extend(watching(names, environment, its));
    if let Some(domain) = &its.domain {
        statements.extend(domain::rights(&mut tagged, domain));
    }
    statements.extend(tagged.statements());
    // The resource handler of task definitions reads the roles that it passes.
    statements.push(Statement::allow(["iam:GetRole"]).on(its.to_tasks.clone()));
    let pass = |service: &str| {
        Statement::allow(["iam:PassRole"])
            .when(Condition::equals::<Text>("iam:PassedToService", service.into()))
    };
    statements.push(pass("ecs-tasks.amazonaws.com").on(its.to_tasks.clone()));
    statements.push(pass("ecs.amazonaws.com").on([its.to_ecs.clone()]));
    template.add(
        format!("{id}DeployPolicy"),
        &iam::Policy::of(&role, "deploy", statements),
    );
    role
}

/// Actions without resource-level permissions: all read-only except `DeregisterTaskDefinition`.
fn reading() -> Statement {
    Statement::allow([
        "application-autoscaling:DescribeScalableTargets",
        "application-autoscaling:DescribeScalingPolicies",
        "application-autoscaling:DescribeScheduledActions",
        "cloudwatch:DescribeAlarms",
        "ec2:DescribeAccountAttributes",
        "ec2:DescribeInstances",
        "ec2:DescribeInternetGateways",
        "ec2:DescribeSecurityGroupRules",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
        "ecs:DeregisterTaskDefinition",
        "ecs:DescribeTaskDefinition",
        "elasticloadbalancing:DescribeCapacityReservation",
        "elasticloadbalancing:DescribeListenerAttributes",
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeLoadBalancerAttributes",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeRules",
        "elasticloadbalancing:DescribeTags",
        "elasticloadbalancing:DescribeTargetGroupAttributes",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
        "logs:DescribeIndexPolicies",
        "logs:DescribeLogGroups",
        "logs:DescribeQueryDefinitions",
        "logs:DescribeResourcePolicies",
    ])
    .on_any()
}

fn service(names: &Names, environment: EnvironmentName, its: &Surroundings) -> Vec<Statement> {
    let families = its
        .families
        .iter()
        .map(|family| local_arn_of("ecs", &format!("task-definition/{family}:*")));
    let app = names.app(environment);
    // Its service, service deployments and service revisions.
    let services = local_arn(
        "ecs",
        ["service*/".into(), its.cluster.text(), format!("/{app}-*").into()],
    );
    let parameters = [
        names.shared_parameter("*"),
        names.cluster_parameter(environment.cluster(), "*"),
    ];
    vec![
        Statement::allow([
            "ecs:ListTagsForResource",
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
            "ecs:ListTagsForResource",
            "ecs:StopServiceDeployment",
            "ecs:TagResource",
            "ecs:UntagResource",
            "ecs:UpdateService",
        ])
        .on([services]),
        Statement::allow(["ssm:GetParameters"]).on(parameters.map(|name| parameter_arn(&name))),
        // The value that the app stack shares.
        Statement::allow([
            "ssm:AddTagsToResource",
            "ssm:DeleteParameter",
            "ssm:ListTagsForResource",
            "ssm:PutParameter",
            "ssm:RemoveTagsFromResource",
        ])
        .on([parameter_arn(&names.task_security_group_parameter(environment))]),
    ]
}

fn parameter_arn(name: &str) -> Value<Arn> {
    local_arn_of("ssm", &format!("parameter{name}"))
}

fn scaling(tagged: &mut Tagged) {
    let targets = || [local_arn_of("application-autoscaling", "scalable-target/*")];
    tagged.unclaimed(
        &[
            "application-autoscaling:RegisterScalableTarget",
            "application-autoscaling:TagResource",
        ],
        targets(),
    );
    tagged.own(
        &[
            "application-autoscaling:DeleteScalingPolicy",
            "application-autoscaling:DeleteScheduledAction",
            "application-autoscaling:DeregisterScalableTarget",
            "application-autoscaling:ListTagsForResource",
            "application-autoscaling:PutScalingPolicy",
            "application-autoscaling:PutScheduledAction",
            "application-autoscaling:UntagResource",
        ],
        targets(),
    );
}

fn load_balancer(tagged: &mut Tagged) -> Vec<Statement> {
    let arn = |resource| local_arn_of("elasticloadbalancing", resource);
    // The last one includes listener rules.
    let resources = || ["loadbalancer/app/*", "targetgroup/*", "listener*/app/*"].map(arn);
    tagged.unclaimed(
        &[
            "elasticloadbalancing:CreateLoadBalancer",
            "elasticloadbalancing:CreateTargetGroup",
        ],
        ["loadbalancer/app/*", "targetgroup/*"].map(arn),
    );
    tagged.own(
        &[
            "elasticloadbalancing:AddTags",
            "elasticloadbalancing:CreateListener",
            "elasticloadbalancing:CreateRule",
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
        ],
        resources(),
    );
    vec![
        // Only tags set at creation: tagging existing resources would bring them into scope.
        Statement::allow(["elasticloadbalancing:AddTags"])
            .on(resources())
            .when(Condition::is_one_of::<Text>(
                "elasticloadbalancing:CreateAction",
                [
                    "CreateListener",
                    "CreateLoadBalancer",
                    "CreateRule",
                    "CreateTargetGroup",
                ]
                .map(Into::into),
            )),
        // Created on the first use of these services in an account.
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

fn security_groups(tagged: &mut Tagged, vpc: &Value<VpcId>) -> Vec<Statement> {
    let group = || [local_arn_of("ec2", "security-group/*")];
    tagged.unclaimed(&["ec2:CreateSecurityGroup"], group());
    tagged.own(
        &[
            "ec2:CreateTags",
            "ec2:AuthorizeSecurityGroupEgress",
            "ec2:AuthorizeSecurityGroupIngress",
            "ec2:DeleteSecurityGroup",
            "ec2:DeleteTags",
            "ec2:ModifySecurityGroupRules",
            "ec2:RevokeSecurityGroupEgress",
            "ec2:RevokeSecurityGroupIngress",
            "ec2:UpdateSecurityGroupRuleDescriptionsEgress",
            "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
        ],
        group(),
    );
    vec![
        // Restricted to the cluster's VPC, which another environment may share.
        Statement::allow(["ec2:CreateSecurityGroup"]).on([local_arn("ec2", ["vpc/".into(), vpc.text()])]),
        Statement::allow(["ec2:CreateTags"])
            .on(group())
            .when(Condition::equals::<Text>(
                "ec2:CreateAction",
                "CreateSecurityGroup".into(),
            )),
        // CloudFormation cannot tag rules; changing one also requires its tagged group. Apart from the other rights: groups
        // themselves must not be untagged.
        tagged.if_unclaimed(
            Statement::allow([
                "ec2:AuthorizeSecurityGroupEgress",
                "ec2:AuthorizeSecurityGroupIngress",
                "ec2:ModifySecurityGroupRules",
            ])
            .on([local_arn_of("ec2", "security-group-rule/*")]),
        ),
    ]
}

fn watching(names: &Names, environment: EnvironmentName, its: &Surroundings) -> Vec<Statement> {
    let group = format!("log-group:{}", names.log_group(environment, "*"));
    let alarms = [
        local_arn_of(
            "cloudwatch",
            &format!("alarm:{}", names.prefixed(&format!("{environment}-*"))),
        ),
        // Alarms that target tracking creates on behalf of the caller.
        local_arn(
            "cloudwatch",
            [
                "alarm:TargetTracking-service/".into(),
                its.cluster.text(),
                format!("/{}-*", names.app(environment)).into(),
            ],
        ),
    ];
    vec![
        Statement::allow([
            "logs:AssociateKmsKey",
            "logs:CreateLogGroup",
            "logs:DeleteLogGroup",
            "logs:DeleteRetentionPolicy",
            "logs:DisassociateKmsKey",
            "logs:GetDataProtectionPolicy",
            "logs:ListTagsForResource",
            "logs:PutRetentionPolicy",
            "logs:TagResource",
            "logs:UntagResource",
        ])
        .on([local_arn("logs", [group.into()])]),
        Statement::allow([
            "cloudwatch:DeleteAlarms",
            "cloudwatch:ListTagsForResource",
            "cloudwatch:PutMetricAlarm",
            "cloudwatch:TagResource",
            "cloudwatch:UntagResource",
        ])
        .on(alarms),
        Statement::allow([
            "cloudwatch:DeleteDashboards",
            "cloudwatch:GetDashboard",
            "cloudwatch:PutDashboard",
        ])
        .on::<Arn>([text([
            "arn:".into(),
            partition(),
            // Dashboards belong to no region.
            ":cloudwatch::".into(),
            account(),
            format!(":dashboard/{}", names.prefixed(environment.as_str())).into(),
        ])]),
        // Saved queries have no ARN. They hold text that a person runs, and no data.
        Statement::allow(["logs:DeleteQueryDefinition", "logs:PutQueryDefinition"]).on_any(),
    ]
}
