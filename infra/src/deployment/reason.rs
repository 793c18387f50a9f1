//! Classifies status reasons of failed resources: cascade, missing permission, name conflict and others.
//!
//! Reasons are texts of the AWS services. The frequent ones have a hint; cascades are not causes.

/// Class of a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Cancelled because another resource failed.
    Cascade,
    /// Missing permission.
    MissingPermission {
        /// The action as `service:Action`, if named.
        action: Option<String>,
        /// The principal's ARN, if named.
        principal: Option<String>,
    },
    /// A resource with this name exists outside the stack.
    AlreadyExists,
    /// The hosted zone already has a record of this name.
    RecordExists,
    /// CAA records exclude ACM.
    Caa,
    /// The service did not become stable: its tasks stopped or were never healthy.
    Unstable,
    /// The ECS deployment circuit breaker stopped the deployment.
    CircuitBreaker,
    /// An alarm stopped the deployment.
    Alarm,
    /// A quota of the account.
    Quota,
    /// A service control policy of the organization.
    OrganizationPolicy,
    /// The region has fewer availability zones than the template uses.
    Zones,
    /// The bucket or repository is not empty.
    NotEmpty,
    /// Another resource depends on it.
    InUse,
    /// Any other reason.
    Other,
}

impl Reason {
    /// Classifies a status reason.
    pub fn of(text: &str) -> Self {
        let lower = text.to_lowercase();
        let has = |needle: &str| lower.contains(needle);
        if has("resource creation cancelled")
            || has("resource update cancelled")
            || has("resource deletion cancelled")
            || has("the following resource(s) failed")
        {
            Self::Cascade
        } else if has("circuit breaker") {
            Self::CircuitBreaker
        } else if has("service control policy") {
            Self::OrganizationPolicy
        } else if has("fn::select") && has("nonexistent value") {
            Self::Zones
        } else if has("is not authorized to perform") || has("accessdenied") || has("access denied") {
            Self::MissingPermission {
                action: word_after(text, "to perform: ").or_else(|| word_after(text, "to perform ")),
                principal: word_after(text, "User: "),
            }
        } else if has("did not stabilize") || has("notstabilized") {
            Self::Unstable
        } else if has("alarm") && (has("rollback") || has("rolled back") || has("in alarm")) {
            Self::Alarm
        } else if has("tried to create resource record set") {
            Self::RecordExists
        } else if has("caa_error") {
            Self::Caa
        } else if has("already exists") || has("alreadyexists") || has("already exist in your account") {
            Self::AlreadyExists
        } else if has("limitexceeded") || has("limit exceeded") || has("quota") || has("maximum number of") {
            Self::Quota
        } else if has("not empty") || has("still contains images") {
            Self::NotEmpty
        } else if has("has a dependent object") || has("in use") || has("dependencyviolation") {
            Self::InUse
        } else {
            Self::Other
        }
    }

    /// Returns the hint, if there is a general one.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::MissingPermission {
                action: Some(action), ..
            } => format!(
                "the caller lacks `{action}`; required policies: infra/docs/permissions"
            ),
            Self::MissingPermission { action: None, .. } => {
                "required policies: infra/docs/permissions".to_owned()
            }
            Self::AlreadyExists => {
                "a resource with this name exists outside the stack: delete it, or set another \
                 `project` in infra.toml"
                    .to_owned()
            }
            Self::RecordExists => {
                "the stack creates the record of the domain: delete the existing one in the hosted zone, then run the command again"
                    .to_owned()
            }
            Self::Caa => {
                "a CAA record of the domain or above it excludes ACM: add one with `0 issue \"amazon.com\"`".to_owned()
            }
            Self::Unstable | Self::CircuitBreaker => {
                "see the container logs; deploy an earlier release with `infra deploy ENV --image-tag TAG`"
                    .to_owned()
            }
            Self::Alarm => "see the alarm's history in the CloudWatch console".to_owned(),
            Self::Quota => "request a higher quota in the Service Quotas console".to_owned(),
            Self::OrganizationPolicy => {
                "denied by a service control policy of the organization, regardless of the caller's own policies: \
                 its administrators can allow it"
                    .to_owned()
            }
            Self::Zones => {
                "the region has fewer availability zones than the settings require: set `zones = 2` in `[clusters.dev]` \
                 and `[clusters.prod]`, or select another region"
                    .to_owned()
            }
            Self::NotEmpty => "empty it, then run the command again".to_owned(),
            Self::InUse => {
                "a resource outside the stack uses it: delete that first, then run the command again"
                    .to_owned()
            }
            Self::Cascade | Self::Other => return None,
        })
    }
}

/// Returns the word after `marker`, without trailing punctuation.
fn word_after(text: &str, marker: &str) -> Option<String> {
    let (_, rest) = text.split_once(marker)?;
    let word = rest.split_whitespace().next()?;
    let word = word.trim_end_matches(['.', ',', ';', ')', '"']);
    (!word.is_empty()).then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cascades_are_not_causes() {
        assert_eq!(Reason::of("Resource creation cancelled"), Reason::Cascade);
        assert_eq!(
            Reason::of("The following resource(s) failed to create: [Service]. Rollback requested by user."),
            Reason::Cascade
        );
        assert_eq!(Reason::of("Properties validation failed"), Reason::Other);
    }

    #[test]
    fn missing_permission_names_action_and_principal() {
        let text = "Resource handler returned message: \"User: arn:aws:sts::123456789012:assumed-role/dev/ada is \
                    not authorized to perform: ecs:CreateService on resource: * because no identity-based policy \
                    allows it\" (RequestToken: 1, HandlerErrorCode: AccessDenied)";
        let reason = Reason::of(text);
        assert_eq!(
            reason,
            Reason::MissingPermission {
                action: Some("ecs:CreateService".into()),
                principal: Some("arn:aws:sts::123456789012:assumed-role/dev/ada".into()),
            }
        );
        assert!(
            reason
                .hint()
                .is_some_and(|hint| hint.contains("ecs:CreateService"))
        );
    }

    #[test]
    fn frequent_reasons_have_a_hint() {
        for text in [
            "penguin-app already exists in stack arn:aws:cloudformation:eu-west-1:1:stack/x/1",
            "[Tried to create resource record set [name='a.example.', type='A'] but it already exists]",
            "DNS validation failed: CAA_ERROR",
            "ECS Deployment Circuit Breaker was triggered.",
            "Resource of type 'AWS::ECS::Service' did not stabilize. (HandlerErrorCode: NotStabilized)",
            "The maximum number of VPCs has been reached.",
            "The bucket you tried to delete is not empty",
            "resource sg-1 has a dependent object (DependencyViolation)",
            "Template error: Fn::Select  cannot select nonexistent value at index 2",
            "User: ada is not authorized to perform: ec2:CreateVpc with an explicit deny in a service control policy",
        ] {
            assert!(Reason::of(text).hint().is_some(), "{text}");
        }
    }
}
