//! What AWS has to say, as findings: the account, the connection, the release, the stacks.
//!
//! From what was looked up to what it means; it must not know how that was looked up.

use super::Finding;
use crate::daily::pipelines::ConnectionState;
use crate::daily::tag::short;
use crate::deploy::condition::{Busy, Condition};

/// Who calls, and whether that is who should.
pub fn account(account: &str, arn: &str, region: &str, wanted: Option<&str>) -> Finding {
    let about = "account";
    match wanted {
        Some(wanted) if wanted != account => Finding::error(
            about,
            format!("the settings are for account {wanted}, these credentials are of {account} ({arn})"),
        )
        .remedy("`--profile NAME` uses the credentials of another account"),
        _ => Finding::ok(about, format!("{account} in {region}, as {arn}")),
    }
}

/// What is known of the connection to GitHub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// The source is reached another way.
    NotUsed,
    /// No stack has made it yet.
    NotMade,
    /// It is this way; `None` if it is gone.
    Is(Option<ConnectionState>),
}

/// Whether the pipelines will get at the source. `link` is where a person agrees to a connection.
pub fn connection(connection: &Connection, link: &str) -> Finding {
    let about = "connection";
    match connection {
        Connection::NotUsed => Finding::ok(about, "the source is reached with a token"),
        Connection::NotMade => Finding::warning(about, "there is no connection to GitHub yet")
            .remedy("`infra deploy Foundation` makes it; then somebody has to agree to it, once"),
        Connection::Is(Some(ConnectionState::Available)) => {
            Finding::ok(about, "the connection to GitHub can be used")
        }
        Connection::Is(Some(ConnectionState::Pending)) => Finding::error(
            about,
            "nobody has agreed to the connection to GitHub yet: no pipeline gets at the source",
        )
        .remedy(format!("press `Update pending connection` at {link}")),
        Connection::Is(Some(ConnectionState::Broken)) => {
            Finding::error(about, "the connection to GitHub does not work any more")
                .remedy(format!("see {link}"))
        }
        Connection::Is(None) => Finding::error(
            about,
            "the connection to GitHub that the settings name does not exist",
        )
        .remedy(format!(
            "`source.connection` in infra.toml; those that exist are at {link}"
        )),
    }
}

/// Whether there is something to run. `missing` are containers that have no image of it.
pub fn release(parameter: &str, tag: Option<&str>, missing: &[String]) -> Finding {
    let about = "release";
    match tag {
        None => Finding::warning(about, format!("there is none yet: the SSM parameter `{parameter}` does not exist"))
            .remedy("a push to the dev branch builds one, once the pipelines are there; or `infra deploy dev --image-tag TAG`"),
        Some(tag) if missing.is_empty() => Finding::ok(about, format!("{} has its images", short(tag))),
        Some(tag) => Finding::error(about, format!("{} has no image of {}", short(tag), missing.join(" and ")))
            .remedy("`infra releases` lists those that have; the dev pipeline builds it again when its commit is pushed"),
    }
}

/// How a stack is; `None` if it does not exist.
pub fn stack(name: &str, status: Option<&str>) -> Finding {
    let Some(status) = status else {
        return Finding::ok(name, "not deployed");
    };
    let deploy = format!("`infra deploy {name}`");
    match Condition::of(status) {
        Condition::Ready => Finding::ok(name, format!("deployed ({status})")),
        Condition::Absent => Finding::ok(name, "not deployed"),
        Condition::Review => {
            Finding::warning(name, "an earlier run left an empty stack").remedy(format!("{deploy} uses it"))
        }
        Condition::Busy(busy) => {
            let undo = if busy == Busy::RollingBack {
                ", and this undoes a change that failed"
            } else {
                ""
            };
            Finding::warning(name, format!("it is {busy} right now{undo}"))
                .remedy(format!("{deploy} joins and waits"))
        }
        Condition::NeverCreated => Finding::error(
            name,
            format!("its creation failed ({status}); it can only be deleted"),
        )
        .remedy(format!("{deploy} says why, and creates it anew if you agree")),
        Condition::RollbackStuck => Finding::error(name, "an update failed, and so did undoing it").remedy(
            format!("{deploy} says why, and continues the rollback if you agree"),
        ),
        Condition::DeleteStuck => Finding::error(name, "its deletion failed; some of it is still there")
            .remedy(format!(
                "`infra destroy {name}` says what is in the way, and goes on"
            )),
        Condition::Unknown(status) => Finding::error(
            name,
            format!("it is in a status that this tool does not know: {status}"),
        ),
    }
}

/// What a stack reads and nobody has written, though the stacks that write it are there.
pub fn unwritten(name: &str, parameters: &[String], needs: &[String]) -> Option<Finding> {
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
        Finding::error(
            name,
            format!("it reads the SSM {parameters} {list}, which nobody has written"),
        )
        .remedy(format!("`infra deploy {}` writes {them}", needs.join(" "))),
    )
}

/// What could not be looked at.
pub fn unknown(about: &str, why: &str) -> Finding {
    Finding::warning(about, format!("not known: {why}"))
        .remedy("infra/README.md lists what the person deploying may do")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Level;

    #[test]
    fn every_status_is_told_as_what_it_means() {
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
    fn another_account_is_an_error_and_any_is_fine_without_one() {
        let of = |wanted| account("123456789012", "arn:x", "eu-west-1", wanted).level;
        assert_eq!(of(None), Level::Ok);
        assert_eq!(of(Some("123456789012")), Level::Ok);
        assert_eq!(of(Some("210987654321")), Level::Error);
    }

    #[test]
    fn a_connection_is_only_well_when_somebody_agreed_to_it() {
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
    fn a_release_needs_all_its_images() {
        assert_eq!(release("p", None, &[]).level, Level::Warning);
        assert_eq!(release("p", Some("t"), &[]).level, Level::Ok);
        let gone = release("p", Some("t"), &["app".into(), "proxy".into()]);
        assert_eq!(gone.message, "t has no image of app and proxy");
    }
}
