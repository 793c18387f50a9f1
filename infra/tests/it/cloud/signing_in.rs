//! Profiles of single sign-on whose sign-in is over, in whatever way: one sentence, what to type, quickly.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::json;
use tempfile::TempDir;

use super::formation::Formation;
use super::program::{every_verb_says, infra, told};
use super::stage::Stage;
use super::wire::{Answer, Call, Server};

const PROFILES: &str = "
[profile team]
sso_session = polar
sso_account_id = 123456789012
sso_role_name = Deployer
region = eu-west-1

[sso-session polar]
sso_start_url = https://polar.awsapps.com/start
sso_region = eu-west-1
sso_registration_scopes = sso:account:access
";

/// A home whose profile `team` signs in by the session `polar`.
fn home() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    fs_err::create_dir_all(home.path().join(".aws/sso/cache")).unwrap();
    fs_err::write(home.path().join(".aws/config"), PROFILES).unwrap();
    home
}

/// One in which somebody has signed in, until then.
fn signed_in(until: &str) -> TempDir {
    let home = home();
    let token = json!({ "startUrl": "https://polar.awsapps.com/start", "region": "eu-west-1",
        "accessToken": "token", "expiresAt": until });
    // Named by the SHA-1 of the session's name.
    let file = ".aws/sso/cache/29e909f30aa17db28a5e19a48dcf1d2675e61779.json";
    fs_err::write(home.path().join(file), token.to_string()).unwrap();
    home
}

const OVER: &str = "2026-01-01T10:00:00Z";
const GOOD: &str = "2126-01-01T10:00:00Z";

/// A run as `team`, to its end.
fn run(home: &Path, endpoint: Option<&str>, arguments: &[&str]) -> Output {
    let mut command: Command = infra(home);
    if let Some(endpoint) = endpoint {
        command.env("AWS_ENDPOINT_URL", endpoint);
    }
    command
        .args(arguments)
        .env("AWS_PROFILE", "team")
        .output()
        .unwrap()
}

#[test]
fn a_session_that_has_expired_is_said_to_be_so_with_the_command_that_renews_it() {
    let home = signed_in(OVER);
    let output = run(home.path(), None, &["deploy", "prod"]);
    insta::assert_snapshot!(told(&output), @r"
    error: the sign-in of the profile `team` has expired

    hint: `aws sso login --profile team` signs in again
    ");
    let words = "error: the sign-in of the profile `team` has expired\n\nhint: `aws sso login";
    every_verb_says(words, |verb| run(home.path(), None, verb));
}

#[test]
fn a_profile_may_be_named_on_the_command_line_too() {
    let home = signed_in(OVER);
    let output = infra(home.path())
        .args(["status", "--profile", "team"])
        .output()
        .unwrap();
    assert!(
        told(&output).contains("\nhint: `aws sso login --profile team` signs in again\n"),
        "{}",
        told(&output)
    );
}

#[test]
fn whoever_never_signed_in_is_told_to() {
    let output = run(home().path(), None, &["status"]);
    insta::assert_snapshot!(told(&output), @r"
    error: nobody is signed in with the profile `team`

    hint: `aws sso login --profile team` signs in
    ");
    assert_eq!(output.status.code(), Some(1));
}

/// AWS' answer to a token that it has ended before its time.
fn ended() -> Answer {
    let message = "Session token not found or invalid".to_owned();
    Answer::Error(401, "UnauthorizedException", message)
}

#[test]
fn a_session_that_was_ended_elsewhere_has_expired_too() {
    let home = signed_in(GOOD);
    let server = Server::start(|_| Some(ended()));
    let output = run(home.path(), Some(&server.endpoint), &["status"]);
    assert_eq!(
        told(&output),
        "error: the sign-in of the profile `team` has expired\n\nhint: `aws sso login --profile team` signs in again\n"
    );
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(server.count("GetRoleCredentials"), server.calls().len());
}

#[test]
fn a_session_that_ends_in_the_middle_is_not_taken_for_a_broken_network() {
    let home = signed_in(GOOD);
    let mut fetched = 0;
    let sign_on = move |call: &Call| {
        (call.operation == "GetRoleCredentials").then(|| {
            fetched += 1;
            // Once to find out whether there are any, once to ask who we are.
            if fetched > 2 {
                return ended();
            }
            // Good for no second call.
            Answer::Json(json!({ "roleCredentials": {
                "accessKeyId": "a", "secretAccessKey": "b", "sessionToken": "c", "expiration": 1_767_261_600_000_u64 } }))
        })
    };
    let stage = Stage::with(Formation::default(), sign_on);
    let arguments = ["status", "--profile", "team"];
    let output = run(home.path(), Some(&stage.server.endpoint), &arguments);
    insta::assert_snapshot!(told(&output), @r"
    error: the sign-in has expired

    hint: `aws sso login --profile team` signs in again
    ");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert_eq!(stage.server.count("GetCallerIdentity"), 1);
}

#[test]
fn check_tells_it_among_what_it_found() {
    let output = run(signed_in(OVER).path(), None, &["check"]);
    let found = String::from_utf8_lossy(&output.stdout).into_owned();
    let last: Vec<_> = found
        .lines()
        .skip_while(|line| !line.starts_with("error"))
        .map(str::trim)
        .collect();
    assert_eq!(
        last[..2],
        [
            "error    account: the sign-in of the profile `team` has expired",
            "`aws sso login --profile team` signs in again"
        ],
        "{found}"
    );
    assert_eq!(output.status.code(), Some(1), "{found}");
}
