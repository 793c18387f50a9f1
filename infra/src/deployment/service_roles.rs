//! Service-linked roles that resources need and new accounts lack.
//!
//! AWS creates them on first use if the caller is allowed to. CloudFormation with a deploy role is not, and the first
//! `CreateCluster` with capacity providers fails regardless.

/// A service-linked role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceRole {
    /// Role name.
    pub name: &'static str,
    /// Its service.
    pub service: &'static str,
    /// The resource type that needs it.
    kind: &'static str,
}

const ROLES: [ServiceRole; 3] = [
    ServiceRole {
        name: "AWSServiceRoleForECS",
        service: "ecs.amazonaws.com",
        kind: "AWS::ECS::Cluster",
    },
    ServiceRole {
        name: "AWSServiceRoleForElasticLoadBalancing",
        service: "elasticloadbalancing.amazonaws.com",
        kind: "AWS::ElasticLoadBalancingV2::LoadBalancer",
    },
    ServiceRole {
        name: "AWSServiceRoleForApplicationAutoScaling_ECSService",
        service: "ecs.application-autoscaling.amazonaws.com",
        kind: "AWS::ApplicationAutoScaling::ScalableTarget",
    },
];

/// Returns the roles that these resource types need.
pub fn needed<'a>(kinds: impl IntoIterator<Item = &'a str>) -> Vec<ServiceRole> {
    let kinds: Vec<_> = kinds.into_iter().collect();
    ROLES
        .into_iter()
        .filter(|role| kinds.contains(&role.kind))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cluster_needs_the_ecs_role() {
        let names = |kinds: &[&str]| -> Vec<_> {
            needed(kinds.iter().copied())
                .into_iter()
                .map(|role| role.name)
                .collect()
        };
        assert_eq!(
            names(&["AWS::EC2::VPC", "AWS::ECS::Cluster"]),
            ["AWSServiceRoleForECS"]
        );
        assert!(names(&["AWS::S3::Bucket"]).is_empty());
    }
}
