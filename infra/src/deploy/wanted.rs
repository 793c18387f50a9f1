//! A stack as it is wanted: all that a deployment needs to know of it, and nothing of how it was synthesized.

/// A stack that is to exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its name, unique in account and region.
    pub name: String,
    /// The environment it belongs to, if it belongs to one.
    pub environment: Option<String>,
    /// The region that the settings name for it.
    pub region: Option<String>,
    /// The account that the settings name for it, twelve digits.
    pub account: Option<String>,
    /// The template, as it is sent.
    pub body: String,
    /// Tags of the stack; CloudFormation puts them on its resources.
    pub tags: Vec<(String, String)>,
    /// Stacks that must be there before it.
    pub depends_on: Vec<String>,
    /// It cannot be deleted before that protection is taken off.
    pub termination_protection: bool,
    /// Name of the template parameter that takes the release, if it runs one.
    pub release_parameter: Option<String>,
}

/// How change sets are to be executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// Do not wait until resources are ready, where that is safe.
    pub fast: bool,
    /// Undo what was changed by hand.
    pub revert_drift: bool,
}

impl Wanted {
    /// It may be said to be done when its configuration is applied. Not so where people rely on it, nor where a
    /// rollout has to be waited for.
    pub fn may_be_fast(&self) -> bool {
        !self.runs_service() && self.environment.as_deref() != Some("prod")
    }

    /// The SSM parameters that it reads.
    pub fn reads(&self) -> Vec<String> {
        let template = serde_json::from_str::<serde_json::Value>(&self.body).unwrap_or_default();
        let parameters = template.get("Parameters").and_then(serde_json::Value::as_object);
        parameters
            .into_iter()
            .flatten()
            .filter(|(_, parameter)| {
                parameter["Type"]
                    .as_str()
                    .is_some_and(|kind| kind.starts_with("AWS::SSM::Parameter::Value"))
            })
            .filter_map(|(_, parameter)| Some(parameter["Default"].as_str()?.to_owned()))
            .collect()
    }

    /// It runs the containers: ECS is worth watching while it is deployed.
    pub fn runs_service(&self) -> bool {
        self.release_parameter.is_some()
    }

    /// The capabilities that CloudFormation wants to see for this template, and no others.
    pub fn capabilities(&self) -> &'static [&'static str] {
        if self.body.contains("AWS::IAM::") {
            &["CAPABILITY_NAMED_IAM"]
        } else {
            &[]
        }
    }

    /// A resource outlives the stack: its deletion policy says so.
    pub fn keeps(&self, resource: &str) -> bool {
        let template = serde_json::from_str::<serde_json::Value>(&self.body).unwrap_or_default();
        template["Resources"][resource]["DeletionPolicy"]
            .as_str()
            .is_some_and(|policy| policy.starts_with("Retain"))
    }

    /// Which resources, of which type, the template holds, for a stack whose change set cannot be made yet.
    pub fn resource_types(&self) -> Vec<(String, String)> {
        let Ok(template) = serde_json::from_str::<serde_json::Value>(&self.body) else {
            return Vec::new();
        };
        let resources = template.get("Resources").and_then(serde_json::Value::as_object);
        resources
            .into_iter()
            .flatten()
            .map(|(name, resource)| {
                let kind = resource
                    .get("Type")
                    .and_then(serde_json::Value::as_str)
                    .unwrap_or_default();
                (name.clone(), kind.to_owned())
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(body: &str) -> Wanted {
        Wanted {
            name: "DevCluster".into(),
            environment: Some("dev".into()),
            region: None,
            account: None,
            body: body.into(),
            tags: Vec::new(),
            depends_on: Vec::new(),
            termination_protection: false,
            release_parameter: None,
        }
    }

    #[test]
    fn capabilities_are_asked_for_only_where_there_is_iam() {
        assert!(
            wanted(r#"{"Resources":{"A":{"Type":"AWS::ECS::Cluster"}}}"#)
                .capabilities()
                .is_empty()
        );
        assert_eq!(
            wanted(r#"{"Resources":{"A":{"Type":"AWS::IAM::Role"}}}"#).capabilities(),
            ["CAPABILITY_NAMED_IAM"]
        );
    }

    #[test]
    fn fast_is_for_nothing_that_people_rely_on() {
        let mut stack = wanted("{}");
        assert!(stack.may_be_fast());
        stack.release_parameter = Some("ImageTag".into());
        assert!(!stack.may_be_fast());
        stack.release_parameter = None;
        stack.environment = Some("prod".into());
        assert!(!stack.may_be_fast());
    }

    #[test]
    fn the_template_says_what_it_reads() {
        let stack = wanted(
            r#"{"Parameters":{"Vpc":{"Type":"AWS::SSM::Parameter::Value<AWS::EC2::VPC::Id>","Default":"/p/dev/vpc-id"},
                "ImageTag":{"Type":"String"}}}"#,
        );
        assert_eq!(stack.reads(), ["/p/dev/vpc-id"]);
    }

    #[test]
    fn the_template_says_what_outlives_its_stack() {
        let stack = wanted(r#"{"Resources":{"A":{"DeletionPolicy":"Retain"},"B":{}}}"#);
        assert!(stack.keeps("A"));
        assert!(!stack.keeps("B") && !stack.keeps("C"));
    }

    #[test]
    fn the_template_says_what_a_new_stack_will_hold() {
        let types = wanted(r#"{"Resources":{"A":{"Type":"AWS::ECS::Cluster"}}}"#).resource_types();
        assert_eq!(types, [("A".to_owned(), "AWS::ECS::Cluster".to_owned())]);
        assert!(wanted("not JSON").resource_types().is_empty());
    }
}
