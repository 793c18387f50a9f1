//! SSO profiles with an expired, revoked or missing session.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::json;
use tempfile::TempDir;

use super::formation::Formation;
use super::harness::Harness;
use super::program::{every_verb_says, infra, printed};
use super::wire::{Call, Response, Server};

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

/// Home directory with profile `team` and SSO session `polar`.
fn home() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    fs_err::create_dir_all(home.path().join(".aws/sso/cache")).unwrap();
    fs_err::write(home.path().join(".aws/config"), PROFILES).unwrap();
    home
}

/// Makes `home` one in which the session of the profile `team` can be renewed, and must be; `lines` are added to the profile.
pub(super) fn sign_in(home: &Path, lines: &str) {
    fs_err::create_dir_all(home.join(".aws/sso/cache")).unwrap();
    let profiles = PROFILES.replacen("region = eu-west-1\n", &format!("region = eu-west-1\n{lines}"), 1);
    fs_err::write(home.join(".aws/config"), profiles).unwrap();
    let token = json!({ "startUrl": "https://polar.awsapps.com/start", "region": "eu-west-1",
        "accessToken": "token", "expiresAt": OVER, "refreshToken": "refresh", "clientId": "client",
        "clientSecret": "secret", "registrationExpiresAt": GOOD });
    fs_err::write(home.join(TOKEN), token.to_string()).unwrap();
}

/// Home directory with a session valid until then.
fn signed_in(until: &str) -> TempDir {
    let home = home();
    let token = json!({ "startUrl": "https://polar.awsapps.com/start", "region": "eu-west-1",
        "accessToken": "token", "expiresAt": until });
    fs_err::write(home.path().join(TOKEN), token.to_string()).unwrap();
    home
}

/// File name: SHA-1 of the session name.
const TOKEN: &str = ".aws/sso/cache/29e909f30aa17db28a5e19a48dcf1d2675e61779.json";

const OVER: &str = "2026-01-01T10:00:00Z";
const GOOD: &str = "2126-01-01T10:00:00Z";

/// Runs the program as `team`.
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
fn expired_session_hints_at_sign_in() {
    let home = signed_in(OVER);
    let output = run(home.path(), None, &["deploy", "prod"]);
    insta::assert_snapshot!(printed(&output), @r"
    error: the sign-in session of profile `team` has expired

    hint: sign in again with `aws sso login --profile team`
    ");
    let words =
        "error: the sign-in session of profile `team` has expired\n\nhint: sign in again with `aws sso login";
    every_verb_says(words, |verb| run(home.path(), None, verb));
}

#[test]
fn profile_option_selects_the_profile() {
    let home = signed_in(OVER);
    let output = infra(home.path())
        .args(["status", "--profile", "team"])
        .output()
        .unwrap();
    assert!(
        printed(&output).contains("\nhint: sign in again with `aws sso login --profile team`\n"),
        "{}",
        printed(&output)
    );
}

#[test]
fn missing_session_hints_at_sign_in() {
    let output = run(home().path(), None, &["status"]);
    insta::assert_snapshot!(printed(&output), @r"
    error: not signed in with profile `team`

    hint: sign in with `aws sso login --profile team`
    ");
    assert_eq!(output.status.code(), Some(1));
}

/// Response to a revoked token.
fn ended() -> Response {
    let message = "Session token not found or invalid".to_owned();
    Response::Error(401, "UnauthorizedException", message)
}

#[test]
fn revoked_session_counts_as_expired() {
    let home = signed_in(GOOD);
    let server = Server::start(|_| Some(ended()));
    let output = run(home.path(), Some(&server.endpoint), &["status"]);
    assert_eq!(
        printed(&output),
        "error: the sign-in session of profile `team` has expired\n\nhint: sign in again with `aws sso login --profile team`\n"
    );
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(server.count("GetRoleCredentials"), server.calls().len());
}

#[test]
fn session_that_expires_during_work_is_no_network_error() {
    let home = signed_in(GOOD);
    let mut fetched = 0;
    let sign_on = move |call: &Call| {
        (call.operation == "GetRoleCredentials").then(|| {
            fetched += 1;
            // Once to load credentials, once for STS.
            if fetched > 2 {
                return ended();
            }
            // Expires after the first call.
            Response::Json(json!({ "roleCredentials": {
                "accessKeyId": "a", "secretAccessKey": "b", "sessionToken": "c", "expiration": 1_767_261_600_000_u64 } }))
        })
    };
    let harness = Harness::with(Formation::default(), sign_on);
    let arguments = ["status", "--profile", "team"];
    let output = run(home.path(), Some(&harness.server.endpoint), &arguments);
    insta::assert_snapshot!(printed(&output), @r"
    error: the sign-in session has expired

    hint: sign in again with `aws sso login --profile team`
    ");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert_eq!(harness.server.count("GetCallerIdentity"), 1);
}

#[test]
fn check_reports_expired_session() {
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
            "error    account: the sign-in session of profile `team` has expired",
            "sign in again with `aws sso login --profile team`"
        ],
        "{found}"
    );
    assert_eq!(output.status.code(), Some(1), "{found}");
}
