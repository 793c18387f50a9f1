//! What the reason of a failed resource says: noise, a missing permission, a name that is taken, or itself.
//!
//! CloudFormation's reasons are sentences that the services wrote. Those that people meet most have a remedy, and
//! one kind is no cause at all: a creation that was cancelled since another resource failed.

/// What a reason means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Another resource failed first; this one is a victim.
    Cascade,
    /// The caller may not do something.
    MissingPermission {
        /// The action, as `service:Action`, if the message names it.
        action: Option<String>,
        /// Who may not, as an ARN, if the message names it.
        principal: Option<String>,
    },
    /// A resource of that name exists outside the stack.
    AlreadyExists,
    /// The service did not become stable: its tasks stopped or were never healthy.
    Unstable,
    /// The deployment circuit breaker of ECS stopped it.
    CircuitBreaker,
    /// An alarm stopped it.
    Alarm,
    /// A limit of the account.
    Quota,
    /// It still holds something: a bucket objects, a repository images.
    NotEmpty,
    /// Another resource still uses it.
    InUse,
    /// None of these; the message says it itself.
    Other,
}

impl Reason {
    /// Reads a status reason.
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
        } else if has("is not authorized to perform") || has("accessdenied") || has("access denied") {
            Self::MissingPermission {
                action: word_after(text, "to perform: ").or_else(|| word_after(text, "to perform ")),
                principal: word_after(text, "User: "),
            }
        } else if has("did not stabilize") || has("notstabilized") {
            Self::Unstable
        } else if has("alarm") && (has("rollback") || has("rolled back") || has("in alarm")) {
            Self::Alarm
        } else if has("already exists") || has("alreadyexists") {
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

    /// The remedy, where there is one that fits every time.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::MissingPermission {
                action: Some(action), ..
            } => format!(
                "the caller lacks `{action}`; infra/docs/permissions holds the policies that the person deploying needs"
            ),
            Self::MissingPermission { action: None, .. } => {
                "infra/docs/permissions holds the policies that the person deploying needs".to_owned()
            }
            Self::AlreadyExists => {
                "a resource of that name exists outside this stack: delete it, or set another \
                 `project` in infra.toml"
                    .to_owned()
            }
            Self::Unstable | Self::CircuitBreaker => {
                "the containers' logs say more; `infra deploy ENV --image-tag TAG` runs an earlier release"
                    .to_owned()
            }
            Self::Alarm => "the alarm's page in the CloudWatch console shows what it saw".to_owned(),
            Self::Quota => "a limit of the account: ask for more in the Service Quotas console".to_owned(),
            Self::NotEmpty => "empty it first, or keep it; then run the command again".to_owned(),
            Self::InUse => {
                "something outside the stack uses it: remove that first, then run the command again"
                    .to_owned()
            }
            Self::Cascade | Self::Other => return None,
        })
    }
}

/// The word that follows `marker`, without the punctuation behind it.
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
    fn victims_are_told_from_culprits() {
        assert_eq!(Reason::of("Resource creation cancelled"), Reason::Cascade);
        assert_eq!(
            Reason::of("The following resource(s) failed to create: [Service]. Rollback requested by user."),
            Reason::Cascade
        );
        assert_eq!(Reason::of("Properties validation failed"), Reason::Other);
    }

    #[test]
    fn a_missing_permission_names_action_and_principal() {
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
    fn common_reasons_have_a_remedy() {
        for text in [
            "penguin-app already exists in stack arn:aws:cloudformation:eu-west-1:1:stack/x/1",
            "ECS Deployment Circuit Breaker was triggered.",
            "Resource of type 'AWS::ECS::Service' did not stabilize. (HandlerErrorCode: NotStabilized)",
            "The maximum number of VPCs has been reached.",
            "The bucket you tried to delete is not empty",
            "resource sg-1 has a dependent object (DependencyViolation)",
        ] {
            assert!(Reason::of(text).hint().is_some(), "{text}");
        }
    }
}
