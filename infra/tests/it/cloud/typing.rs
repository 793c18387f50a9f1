//! Arguments (tag prefixes, regions, containers) and JSON output.

use std::path::Path;
use std::process::{Command, Output};

use super::deployed_environments::{FIRST, SECOND, THIRD, fixture, formation};
use super::fixture::{Fixture, harness};
use super::formation::Formation;
use super::harness::{Harness, Session, Verb};
use super::program::{app_template, infra, printed};
use super::wire::Response;

/// Runs the program against the mock.
fn on(harness: &Harness, home: &Path, arguments: &[&str]) -> Output {
    let mut command: Command = infra(home);
    command
        .env("AWS_ENDPOINT_URL", &harness.server.endpoint)
        .env("AWS_ACCESS_KEY_ID", "a")
        .env("AWS_SECRET_ACCESS_KEY", "b")
        .env("AWS_REGION", "eu-west-1")
        .args(arguments)
        .output()
        .unwrap()
}

/// Images and logs with the names in the settings.
fn school() -> Fixture {
    let mut fixture = fixture();
    for name in ["app", "proxy"] {
        let tags = [FIRST, SECOND, THIRD].map(str::to_owned).to_vec();
        fixture.images.insert(format!("penguin-school/{name}"), tags);
        fixture
            .logs
            .insert(format!("/penguin-school/dev/{name}"), Vec::new());
    }
    fixture
}

/// Dev is deployed and unchanged.
fn settled() -> Formation {
    let mut stacks = formation(SECOND, SECOND);
    for name in ["Foundation", "DevCluster"] {
        stacks.stack(name, "CREATE_COMPLETE");
    }
    stacks
}

#[test]
fn deploy_resolves_a_tag_prefix_and_checks_both_images() {
    let home = tempfile::tempdir().unwrap();
    let (harness, _) = harness(settled(), school());
    let output = on(
        &harness,
        home.path(),
        &["deploy", "dev", "--yes", "--image-tag", "9b1c"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", printed(&output));
    let calls = harness.server.calls();
    let given: Vec<_> = calls
        .iter()
        .filter_map(|call| call.form.get("Parameters.member.1.ParameterValue"))
        .collect();
    assert_eq!(given, [THIRD]);
    let mut looked: Vec<_> = calls
        .iter()
        .filter(|call| call.operation == "DescribeImages" && call.json["imageIds"].is_array())
        .map(|call| call.text("repositoryName").to_owned())
        .collect();
    looked.sort();
    assert_eq!(looked, ["penguin-school/app", "penguin-school/proxy"]);
}

#[test]
fn empty_tag_is_rejected() {
    let home = tempfile::tempdir().unwrap();
    for arguments in [
        ["deploy", "dev", "--image-tag", ""],
        ["rollback", "prod", "--to", ""],
        ["pipeline", "start", "release", "--image-tag="],
    ] {
        let output = infra(home.path()).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", printed(&output));
    }
}

#[test]
fn logs_of_the_selected_container() {
    let home = tempfile::tempdir().unwrap();
    for (arguments, groups) in [
        (vec!["logs", "dev"], vec!["app", "proxy"]),
        (vec!["logs", "dev", "--container", "app"], vec!["app"]),
        (vec!["logs", "dev", "--container", "proxy"], vec!["proxy"]),
    ] {
        let (harness, _) = harness(settled(), school());
        let output = on(&harness, home.path(), &arguments);
        assert_eq!(output.status.code(), Some(0), "{}", printed(&output));
        let calls = harness.server.calls();
        let mut read: Vec<_> = calls
            .iter()
            .filter(|call| call.operation == "FilterLogEvents")
            .map(|call| call.text("logGroupName").to_owned())
            .collect();
        read.sort();
        let expected: Vec<_> = groups
            .iter()
            .map(|name| format!("/penguin-school/dev/{name}"))
            .collect();
        assert_eq!(read, expected, "{arguments:?}");
    }
}

#[test]
fn contradicting_region_is_rejected() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("infra.toml");
    let settings = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/settings/school.toml");
    let text = fs_err::read_to_string(settings).unwrap();
    fs_err::write(&file, format!("{text}\n[project]\nregion = \"eu-west-1\"\n")).unwrap();
    for verb in [vec!["status"], vec!["deploy", "dev"], vec!["check"], vec!["list"]] {
        let run = |region: &str| {
            Command::new(env!("CARGO_BIN_EXE_infra"))
                .args(["--config", file.to_str().unwrap(), "--region", region])
                .args(&verb)
                .env_clear()
                .env("HOME", home.path())
                .env("PATH", "/usr/bin:/bin")
                .output()
                .unwrap()
        };
        let refused = run("us-east-1");
        assert_eq!(refused.status.code(), Some(2), "{verb:?}: {}", printed(&refused));
        assert!(
            printed(&refused).starts_with(
                "error: `--region us-east-1` contradicts the settings: `project.region` is `eu-west-1`\n"
            ),
            "{}",
            printed(&refused)
        );
        assert_ne!(run("eu-west-1").status.code(), Some(2), "{verb:?}");
    }
}

#[test]
fn json_prints_errors_as_data() {
    let home = tempfile::tempdir().unwrap();
    let output = infra(home.path()).args(["status", "--json"]).output().unwrap();
    let error: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(error["type"], "error");
    assert_eq!(error["message"], "no AWS credentials");
    assert_eq!(error["exitCode"], 1);
    assert!(error["hints"][0].as_str().unwrap().contains("aws configure sso"));
}

#[test]
fn help_verb_prints_help() {
    let home = tempfile::tempdir().unwrap();
    let text = |arguments: &[&str]| {
        let output = infra(home.path()).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(text(&["help", "deploy"]), text(&["deploy", "--help"]));
    assert_eq!(
        text(&["help", "pipeline", "start"]),
        text(&["pipeline", "start", "--help"])
    );
}

#[test]
fn diff_shows_changed_parameters() {
    let home = tempfile::tempdir().unwrap();
    let template = app_template(home.path());
    let mut fixture = school();
    let mut stacks = settled();
    let stack = stacks.stack("DevAppStack", "UPDATE_COMPLETE");
    stack.template = template.to_string();
    // One of them changed.
    for (key, parameter) in template["Parameters"].as_object().unwrap() {
        if parameter["Type"].as_str().unwrap().starts_with("AWS::SSM") {
            let name = parameter["Default"].as_str().unwrap();
            let now = if stack.resolved.is_empty() { "new" } else { "same" };
            fixture.parameters.insert(name.to_owned(), vec![now.to_owned()]);
            let before = if stack.resolved.is_empty() { "old" } else { "same" };
            stack.resolved.push((key.clone(), before.to_owned()));
        }
    }
    let changed = stack.resolved[0].0.clone();
    let (harness, shared) = harness(stacks, fixture);
    let diff = |more: &[&str]| {
        let arguments = [&["diff", "DevAppStack", "--exit-code"], more].concat();
        on(&harness, home.path(), &arguments)
    };
    let output = diff(&[]);
    assert_eq!(output.status.code(), Some(1), "{}", printed(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        text,
        format!(
            "DevAppStack: template unchanged\n  parameters:\n    {changed}\n      - old\n      + new\n    ImageTag\n      - {SECOND}\n      + {THIRD}\n\n"
        )
    );
    let document: serde_json::Value = serde_json::from_slice(&diff(&["--json"]).stdout).unwrap();
    assert_eq!(document["stacks"][0]["parameters"][1]["after"], THIRD);
    // No differences after both are deployed.
    let mut now = shared.now();
    now.parameters
        .insert("penguinapp-imagetag".into(), vec![SECOND.into()]);
    let name = template["Parameters"][&changed]["Default"].as_str().unwrap();
    now.parameters.insert(name.to_owned(), vec!["old".into()]);
    drop(now);
    assert_eq!(diff(&[]).status.code(), Some(0));
}

#[test]
fn clock_skew_and_service_control_policy_have_hints() {
    let skewed = "Signature expired: 20261128T080000Z is now earlier than 20261128T090000Z (20261128T091500Z - 15 min.)";
    let denied = "User: ada is not authorized to perform: sts:GetCallerIdentity with an explicit deny in a service control policy";
    for (code, message, words, hint) in [
        (
            "SignatureDoesNotMatch",
            skewed,
            "error: AWS rejected the time of the signature: ",
            "hint: correct the system clock",
        ),
        (
            "InvalidSignatureException",
            skewed,
            "error: AWS rejected the time of the signature: ",
            "hint: correct the system clock",
        ),
        (
            "RequestTimeTooSkewed",
            "The difference is too large",
            "error: AWS rejected the time of the signature: ",
            "hint: correct the system clock",
        ),
        (
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match",
            "error: AWS rejected the credentials: ",
            "hint: test them with `aws sts get-caller-identity`",
        ),
        (
            "AccessDenied",
            denied,
            "error: GetCallerIdentity is not allowed: ",
            "hint: denied by a service control policy of the organization",
        ),
    ] {
        let harness = Harness::with(Formation::default(), move |_| {
            Some(Response::Error(403, code, message.to_owned()))
        });
        let printed = Session::default().run(Verb::Deploy, &harness);
        assert!(
            printed.starts_with(words) && printed.contains(hint),
            "{code}: {printed}"
        );
    }
}

#[test]
fn credentials_that_expire_during_deployment_have_hints() {
    let mut looks = 0;
    let path = vec![super::formation::step("UPDATE_IN_PROGRESS"); 50];
    let harness = Harness::with(super::harness::updatable(path), move |call| {
        looks += usize::from(call.operation == "DescribeStackEvents");
        (looks > 3 && call.operation == "DescribeStacks").then(|| {
            Response::Error(
                403,
                "ExpiredToken",
                "The security token included in the request is expired".into(),
            )
        })
    });
    let printed = Session::default().run(Verb::Deploy, &harness);
    assert!(
        printed.contains("error: DevCluster: the AWS credentials have expired\n")
            && printed.contains("hint: the operation continues in AWS; see `infra status DevCluster`\n")
            && printed.contains("hint: sign in again with `aws sso login`"),
        "{printed}"
    );
}
