//! Findings from data that was read from AWS: account, connection, release, stacks.

use super::Finding;
use crate::deployment::condition::{Busy, Condition};
use crate::pipelines::ConnectionState;
use crate::releases::tag::short;
use crate::service::Secret;

/// Checks that the caller's account is the one in the settings.
pub fn account(account: &str, arn: &str, region: &str, wanted: Option<&str>) -> Finding {
    let about = "account";
    match wanted {
        Some(wanted) if wanted != account => Finding::error(
            about,
            format!("the settings name account {wanted}, but the credentials are for {account} ({arn})"),
        )
        .remedy("use `--profile NAME` with credentials for that account"),
        _ => Finding::ok(about, format!("{account} in {region}, as {arn}")),
    }
}

/// State of the GitHub connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// The source is accessed with a token.
    NotUsed,
    /// No stack has created it yet.
    NotMade,
    /// The connection with its status; `None` if it was deleted.
    Is(Option<ConnectionState>),
}

/// Checks that the pipelines can read the source. `link` is the console page of the connection.
pub fn connection(connection: &Connection, link: &str) -> Finding {
    let about = "connection";
    match connection {
        Connection::NotUsed => Finding::ok(about, "the source is accessed with a token"),
        Connection::NotMade => Finding::warning(about, "there is no connection to GitHub yet")
            .remedy("`infra deploy Foundation` creates it; then approve it once in the console"),
        Connection::Is(Some(ConnectionState::Available)) => {
            Finding::ok(about, "the connection to GitHub is available")
        }
        Connection::Is(Some(ConnectionState::Pending)) => Finding::error(
            about,
            "the connection to GitHub is pending approval; pipelines cannot read the source",
        )
        .remedy(format!("choose `Update pending connection` at {link}")),
        Connection::Is(Some(ConnectionState::Broken)) => {
            Finding::error(about, "the connection to GitHub is in an error state")
                .remedy(format!("see {link}"))
        }
        Connection::Is(None) => {
            Finding::error(about, "the connection in `source.connection-arn` does not exist").remedy(format!(
                "correct `source.connection-arn`; existing connections: {link}"
            ))
        }
    }
}

/// Checks the latest release. `missing` are the containers without an image of it.
pub fn release(parameter: &str, tag: Option<&str>, missing: &[String]) -> Finding {
    let about = "release";
    match tag {
        None => Finding::warning(about, format!("no release yet: SSM parameter `{parameter}` does not exist"))
            .remedy("push to the dev branch once the pipelines are deployed, or run `infra deploy dev --image-tag TAG`"),
        Some(tag) if missing.is_empty() => Finding::ok(about, format!("images of {} exist", short(tag))),
        Some(tag) => Finding::error(about, format!("{} has no image for {}", short(tag), missing.join(" and ")))
            .remedy("run `infra releases` to list releases with images; the dev pipeline rebuilds a pushed commit"),
    }
}

/// Checks the status of a stack; `None` if it does not exist.
pub fn stack(name: &str, status: Option<&str>) -> Finding {
    let Some(status) = status else {
        return Finding::ok(name, "not deployed");
    };
    let deploy = format!("`infra deploy {name}`");
    match Condition::of(status) {
        Condition::Ready => Finding::ok(name, format!("deployed ({status})")),
        Condition::Absent => Finding::ok(name, "not deployed"),
        Condition::Review => Finding::warning(name, "an interrupted run left an empty stack")
            .remedy(format!("{deploy} reuses it")),
        Condition::Busy(busy) => {
            let undo = if busy == Busy::RollingBack {
                ", rolling back a failed change"
            } else {
                ""
            };
            Finding::warning(name, format!("{busy} in progress{undo}"))
                .remedy(format!("{deploy} waits for it"))
        }
        Condition::NeverCreated | Condition::NeverCreatedKept => Finding::error(
            name,
            format!("creation failed ({status}); the stack must be deleted and recreated"),
        )
        .remedy(format!(
            "{deploy} shows the reason and recreates it after confirmation"
        )),
        Condition::RollbackStuck => Finding::error(name, "an update failed and its rollback failed too")
            .remedy(format!(
                "{deploy} shows the reason and continues the rollback after confirmation"
            )),
        Condition::DeleteStuck => Finding::error(name, "deletion failed; some resources remain")
            .remedy(format!("`infra destroy {name}` shows the reason and retries")),
        Condition::Unknown(status) => Finding::error(name, format!("unknown status {status}")),
    }
}

/// Reports SSM parameters that a stack reads and that are missing although the stacks that write them exist.
pub fn missing_parameters(name: &str, parameters: &[String], needs: &[String]) -> Option<Finding> {
    if parameters.is_empty() {
        return None;
    }
    let list = parameters.join(", ");
    let several = parameters.len() > 1;
    let (parameters, them) = if several {
        ("parameters", "them")
    } else {
        ("parameter", "it")
    };
    Some(
        Finding::error(name, format!("reads the missing SSM {parameters} {list}"))
            .remedy(format!("run `infra deploy {}` to write {them}", needs.join(" "))),
    )
}

/// Checks the secrets of an environment: their number, and the missing ones by variable.
pub fn secrets(environment: &str, count: usize, missing: &[(&str, Secret)]) -> Vec<Finding> {
    if count > 0 && missing.is_empty() {
        return vec![Finding::ok(
            environment,
            format!("secrets of the app exist: {count}"),
        )];
    }
    let findings = missing.iter().map(|(variable, secret)| {
        let deleted = match secret {
            Secret::Parameter { .. } => "",
            Secret::SecretsManager { .. } => " or is scheduled for deletion",
        };
        let message = format!("secret {secret} of {variable} does not exist{deleted}; tasks would not start");
        Finding::error(environment, message).remedy(match secret {
            Secret::Parameter { path } => format!(
                "create it: `aws ssm put-parameter --type SecureString --name {path} --value file://FILE`"
            ),
            Secret::SecretsManager { name, .. } => format!(
                "create it: `aws secretsmanager create-secret --name {name} --secret-string file://FILE`"
            ),
        })
    });
    findings.collect()
}

/// Reports something that could not be checked.
pub fn unknown(about: &str, why: &str) -> Finding {
    Finding::warning(about, format!("cannot check: {why}"))
        .remedy("infra/README.md lists the required permissions")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Level;

    #[test]
    fn every_stack_status_has_a_level() {
        for (status, level) in [
            (None, Level::Ok),
            (Some("UPDATE_COMPLETE"), Level::Ok),
            (Some("DELETE_COMPLETE"), Level::Ok),
            (Some("REVIEW_IN_PROGRESS"), Level::Warning),
            (Some("UPDATE_IN_PROGRESS"), Level::Warning),
            (Some("ROLLBACK_COMPLETE"), Level::Error),
            (Some("UPDATE_ROLLBACK_FAILED"), Level::Error),
            (Some("DELETE_FAILED"), Level::Error),
            (Some("SOMETHING_NEW"), Level::Error),
        ] {
            let finding = stack("DevCluster", status);
            assert_eq!(finding.level, level, "{status:?}");
        }
    }

    #[test]
    fn account_must_match_if_set() {
        let of = |wanted| account("123456789012", "arn:x", "eu-west-1", wanted).level;
        assert_eq!(of(None), Level::Ok);
        assert_eq!(of(Some("123456789012")), Level::Ok);
        assert_eq!(of(Some("210987654321")), Level::Error);
    }

    #[test]
    fn connection_must_be_available() {
        let level = |state| connection(&state, "https://x").level;
        assert_eq!(level(Connection::NotUsed), Level::Ok);
        assert_eq!(level(Connection::NotMade), Level::Warning);
        assert_eq!(level(Connection::Is(Some(ConnectionState::Available))), Level::Ok);
        for state in [
            Some(ConnectionState::Pending),
            Some(ConnectionState::Broken),
            None,
        ] {
            assert_eq!(level(Connection::Is(state)), Level::Error);
        }
    }

    #[test]
    fn release_requires_all_images() {
        assert_eq!(release("p", None, &[]).level, Level::Warning);
        assert_eq!(release("p", Some("t"), &[]).level, Level::Ok);
        let gone = release("p", Some("t"), &["app".into(), "proxy".into()]);
        assert_eq!(gone.message, "t has no image for app and proxy");
    }
}
