//! Specification of a stack for its deployment, independent of synthesis.

use std::time::Duration;

use serde_json::{Map, Value as Json};

/// A stack to deploy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackSpec {
    /// Stack name, unique per account and region.
    pub name: String,
    /// Its environment, if any.
    pub environment: Option<String>,
    /// Region in the settings.
    pub region: Option<String>,
    /// Account in the settings, twelve digits.
    pub account: Option<String>,
    /// Template body as sent.
    pub body: String,
    /// Stack tags, which CloudFormation propagates to resources.
    pub tags: Vec<(String, String)>,
    /// Names of stacks it depends on.
    pub depends_on: Vec<String>,
    /// Termination protection.
    pub termination_protection: bool,
    /// Name of the template parameter for the release, if it runs one.
    pub release_parameter: Option<String>,
    /// Whether it holds only the task of the command before a release.
    pub is_before_release: bool,
    /// Command that runs before its rollout.
    pub before: Option<Before>,
    /// Template parameters that take the ID of a hosted zone, each with the zone's name.
    pub zone_parameters: Vec<(String, String)>,
    /// Values of other template parameters.
    pub parameters: Vec<(String, String)>,
}

/// Command before a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    /// Stack with its task definition.
    pub stack: String,
    /// Command with arguments.
    pub command: Vec<String>,
    /// Time after which its task is stopped.
    pub timeout: Duration,
}

/// Options for executing change sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeployOptions {
    /// Express mode, where possible.
    pub fast: bool,
    /// Revert manual changes (drift).
    pub revert_drift: bool,
}

impl StackSpec {
    /// Returns whether express mode may be used: not for prod and not for a service, whose rollout must be followed.
    pub fn supports_express_mode(&self) -> bool {
        !self.runs_service() && self.environment.as_deref() != Some("prod")
    }

    /// Returns the names of SSM parameters that the template reads.
    pub fn reads(&self) -> Vec<String> {
        self.ssm_parameters().into_iter().map(|(_, name)| name).collect()
    }

    /// Returns the template parameters of SSM type, with the SSM parameter names.
    pub fn ssm_parameters(&self) -> Vec<(String, String)> {
        let from_ssm = |parameter: &Json| {
            let kind = parameter["Type"].as_str().unwrap_or_default();
            kind.starts_with("AWS::SSM::Parameter::Value")
        };
        self.section("Parameters")
            .into_iter()
            .filter(|(_, parameter)| from_ssm(parameter))
            .filter_map(|(key, parameter)| Some((key, parameter["Default"].as_str()?.to_owned())))
            .collect()
    }

    /// Returns whether the stack runs the service.
    pub fn runs_service(&self) -> bool {
        self.release_parameter.is_some() && !self.is_before_release
    }

    /// Returns the dependencies whose values it uses: not the stack of the command before a release, which only comes first.
    pub fn uses(&self) -> impl Iterator<Item = &String> {
        let first = self.before.as_ref().map(|before| &before.stack);
        self.depends_on.iter().filter(move |need| Some(*need) != first)
    }

    /// Returns the capabilities that the template requires.
    pub fn capabilities(&self) -> &'static [&'static str] {
        if self.body.contains("AWS::IAM::") {
            &["CAPABILITY_NAMED_IAM"]
        } else {
            &[]
        }
    }

    /// Returns whether a resource is retained when the stack is deleted.
    pub fn keeps(&self, resource: &str) -> bool {
        self.section("Resources").get(resource).is_some_and(is_retained)
    }

    /// Returns whether a named resource is retained, so that it may exist from an earlier installation.
    pub fn retains_names(&self) -> bool {
        let named = |resource: &Json| {
            let mut properties = resource["Properties"].as_object().into_iter().flatten();
            properties.any(|(key, value)| key.ends_with("Name") && value.is_string())
        };
        let resources = self.section("Resources");
        resources
            .values()
            .any(|resource| is_retained(resource) && named(resource))
    }

    /// Returns the value of a tag.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags
            .iter()
            .find(|(known, _)| known == key)
            .map(|(_, value)| value.as_str())
    }

    /// Returns logical ids and types of the template's resources.
    pub fn resource_types(&self) -> Vec<(String, String)> {
        let kind = |resource: &Json| resource["Type"].as_str().unwrap_or_default().to_owned();
        let resources = self.section("Resources").into_iter();
        resources
            .map(|(name, resource)| (name, kind(&resource)))
            .collect()
    }

    fn section(&self, name: &str) -> Map<String, Json> {
        let template: Json = serde_json::from_str(&self.body).unwrap_or_default();
        template[name].as_object().cloned().unwrap_or_default()
    }
}

fn is_retained(resource: &Json) -> bool {
    let policy = resource["DeletionPolicy"].as_str().unwrap_or_default();
    policy.starts_with("Retain")
}

#[cfg(test)]
impl StackSpec {
    /// A stack with nothing but a name.
    pub(crate) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            environment: None,
            region: None,
            account: None,
            body: String::new(),
            tags: Vec::new(),
            depends_on: Vec::new(),
            termination_protection: false,
            release_parameter: None,
            is_before_release: false,
            before: None,
            zone_parameters: Vec::new(),
            parameters: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(body: &str) -> StackSpec {
        StackSpec {
            environment: Some("dev".into()),
            body: body.into(),
            ..StackSpec::named("DevCluster")
        }
    }

    #[test]
    fn capabilities_are_requested_only_for_iam() {
        assert!(
            spec(r#"{"Resources":{"A":{"Type":"AWS::ECS::Cluster"}}}"#)
                .capabilities()
                .is_empty()
        );
        assert_eq!(
            spec(r#"{"Resources":{"A":{"Type":"AWS::IAM::Role"}}}"#).capabilities(),
            ["CAPABILITY_NAMED_IAM"]
        );
    }

    #[test]
    fn express_mode_excludes_prod_and_services() {
        let mut stack = spec("{}");
        assert!(stack.supports_express_mode());
        stack.release_parameter = Some("ImageTag".into());
        assert!(!stack.supports_express_mode());
        stack.release_parameter = None;
        stack.environment = Some("prod".into());
        assert!(!stack.supports_express_mode());
    }

    #[test]
    fn template_lists_ssm_parameters() {
        let stack = spec(
            r#"{"Parameters":{"Vpc":{"Type":"AWS::SSM::Parameter::Value<AWS::EC2::VPC::Id>","Default":"/p/dev/vpc-id"},
                "ImageTag":{"Type":"String"}}}"#,
        );
        assert_eq!(stack.reads(), ["/p/dev/vpc-id"]);
    }

    #[test]
    fn template_lists_retained_resources() {
        let stack = spec(r#"{"Resources":{"A":{"DeletionPolicy":"Retain"},"B":{}}}"#);
        assert!(stack.keeps("A") && !stack.retains_names());
        assert!(!stack.keeps("B") && !stack.keeps("C"));
        let named = |policy: &str| {
            let body =
                r#"{"Resources":{"A":{"DeletionPolicy":"POLICY","Properties":{"RepositoryName":"a/b"}}}}"#;
            spec(&body.replace("POLICY", policy)).retains_names()
        };
        assert!(named("RetainExceptOnCreate") && !named("Delete"));
    }

    #[test]
    fn template_lists_resource_types() {
        let types = spec(r#"{"Resources":{"A":{"Type":"AWS::ECS::Cluster"}}}"#).resource_types();
        assert_eq!(types, [("A".to_owned(), "AWS::ECS::Cluster".to_owned())]);
        assert!(spec("not JSON").resource_types().is_empty());
    }
}
