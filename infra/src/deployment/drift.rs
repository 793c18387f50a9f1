//! Drift: resources changed outside of CloudFormation.

use serde::Serialize;

/// A drifted resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drifted {
    /// Logical id.
    pub resource: String,
    /// Resource type.
    pub kind: String,
    /// The resource was deleted.
    pub deleted: bool,
    /// Changed properties, if the resource exists.
    pub properties: Vec<DriftedProperty>,
}

/// A changed property.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DriftedProperty {
    /// JSON pointer, for example `/Tags/0/Value`.
    pub path: String,
    /// Value in the template.
    pub expected: String,
    /// Actual value.
    pub actual: String,
}

/// Returns whether a property is a target group weight, which ECS changes at each blue/green deployment.
fn is_moved_by_ecs(kind: &str, property: &DriftedProperty) -> bool {
    kind == "AWS::ElasticLoadBalancingV2::ListenerRule"
        && property.path.contains("/ForwardConfig/TargetGroups/")
        && property.path.ends_with("/Weight")
}

/// Removes changes made by ECS itself.
pub fn by_hand(drifted: Vec<Drifted>) -> Vec<Drifted> {
    drifted
        .into_iter()
        .filter_map(|mut one| {
            let before = one.properties.len();
            one.properties
                .retain(|property| !is_moved_by_ecs(&one.kind, property));
            let nothing_else = before > 0 && one.properties.is_empty();
            (one.deleted || !nothing_else).then_some(one)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_changed_by_ecs_are_not_drift() {
        let property = |path: &str| DriftedProperty {
            path: path.to_owned(),
            expected: "100".to_owned(),
            actual: "0".to_owned(),
        };
        let rule = |deleted, paths: &[&str]| Drifted {
            resource: "VisitorsRule".to_owned(),
            kind: "AWS::ElasticLoadBalancingV2::ListenerRule".to_owned(),
            deleted,
            properties: paths.iter().map(|path| property(path)).collect(),
        };
        let weights = [
            "/Actions/0/ForwardConfig/TargetGroups/0/Weight",
            "/Actions/0/ForwardConfig/TargetGroups/1/Weight",
        ];
        assert_eq!(by_hand(vec![rule(false, &weights)]), []);
        // Other changes of the rule and of other resources are drift.
        assert_eq!(by_hand(vec![rule(true, &[])]), [rule(true, &[])]);
        let both = [weights[0], "/Priority"];
        assert_eq!(by_hand(vec![rule(false, &both)]), [rule(false, &["/Priority"])]);
        let mut other = rule(false, &weights);
        other.kind = "AWS::ElasticLoadBalancingV2::Listener".to_owned();
        assert_eq!(by_hand(vec![other.clone()]), [other]);
    }
}
