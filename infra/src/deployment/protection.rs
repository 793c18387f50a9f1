//! Load balancers that AWS refuses to delete, and the template in which they are ordinary ones.

use serde_json::Value;

/// The attribute, as load balancing calls it.
const ATTRIBUTE: &str = "deletion_protection.enabled";

/// A template whose load balancers can be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unprotected {
    /// The template.
    pub body: String,
    /// Names of the load balancers that were protected.
    pub balancers: Vec<String>,
}

/// The template without the protection of its load balancers, or `None` if none of them is protected.
pub fn without_protection(template: &str) -> Option<Unprotected> {
    let mut template: Value = serde_json::from_str(template).ok()?;
    let mut balancers = Vec::new();
    for (name, resource) in template.get_mut("Resources")?.as_object_mut()? {
        if resource["Type"] != "AWS::ElasticLoadBalancingV2::LoadBalancer" {
            continue;
        }
        let attributes = resource
            .pointer_mut("/Properties/LoadBalancerAttributes")
            .and_then(Value::as_array_mut);
        for attribute in attributes.into_iter().flatten() {
            if attribute["Key"] == ATTRIBUTE && attribute["Value"] == "true" {
                attribute["Value"] = "false".into();
                balancers.push(name.clone());
            }
        }
    }
    (!balancers.is_empty()).then(|| Unprotected {
        body: template.to_string(),
        balancers,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden(stack: &str) -> String {
        let file = format!(
            "{}/tests/golden/{stack}.template.json",
            env!("CARGO_MANIFEST_DIR")
        );
        fs_err::read_to_string(file).unwrap()
    }

    #[test]
    fn only_deletion_protection_is_removed() {
        let before = golden("ProdAppStack");
        let open = without_protection(&before).unwrap();
        assert_eq!(open.balancers, ["LoadBalancer"]);
        let before: Value = serde_json::from_str(&before).unwrap();
        let mut after: Value = serde_json::from_str(&open.body).unwrap();
        assert_ne!(after, before);
        let attributes = &mut after["Resources"]["LoadBalancer"]["Properties"]["LoadBalancerAttributes"];
        for attribute in attributes.as_array_mut().unwrap() {
            if attribute["Key"] == ATTRIBUTE {
                attribute["Value"] = "true".into();
            }
        }
        assert_eq!(after, before);
    }

    #[test]
    fn where_nothing_is_protected_there_is_nothing_to_do() {
        assert_eq!(without_protection(&golden("DevAppStack")), None);
        assert_eq!(without_protection("Resources: {}"), None);
        assert_eq!(without_protection("{}"), None);
    }
}
