//! `check` against the AWS mock.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use infra::aws::{Access, Login};
use infra::check::Finding;
use infra::dns::Resolver;
use infra::service::Secret;
use infra::settings::EnvironmentName;
use infra::workflows::account_check::{Request, with};
use infra::workflows::pipelines::Connection;
use insta::assert_snapshot;

use super::{THIRD, app, fixture, formation, repositories};
use crate::cloud::fixture::{Fixture, harness};
use crate::cloud::formation::Formation;
use crate::cloud::harness::spec;

const CONNECTION: &str = "/penguin/shared/connection-arn";
const VPC: &str = "/penguin/dev/vpc-id";

pub(in crate::cloud) fn request() -> Request {
    let mut dev = app("DevAppStack", "dev");
    dev.depends_on = vec!["Foundation".into(), "DevCluster".into()];
    dev.body = format!(
        r#"{{"Parameters":{{"Vpc":{{"Type":"AWS::SSM::Parameter::Value<AWS::EC2::VPC::Id>","Default":"{VPC}"}}}},"Resources":{{}}}}"#
    );
    Request {
        login: Login::default(),
        region: None,
        account: Some("123456789012".into()),
        stacks: vec![spec("Foundation", &[]), spec("DevCluster", &[]), dev],
        connection: Connection::Parameter(CONNECTION.into()),
        tag_parameter: "penguinapp-imagetag".into(),
        repositories: repositories(),
        secrets: Vec::new(),
        domains: Vec::new(),
        resolver: Resolver::new([]),
    }
}

fn well() -> (Formation, Fixture) {
    let mut stacks = formation(THIRD, THIRD);
    stacks.stack("Foundation", "CREATE_COMPLETE");
    stacks.stack("DevCluster", "UPDATE_COMPLETE");
    let mut fixture = fixture();
    fixture.connection = Some("AVAILABLE");
    for name in [CONNECTION, VPC] {
        fixture.parameters.insert(name.into(), vec!["arn:aws:x".into()]);
    }
    (stacks, fixture)
}

fn check(stacks: Formation, fixture: Fixture, request: &Request) -> String {
    told(stacks, fixture, request, |_| true)
}

/// Returns the findings that `chosen` selects, as text.
pub(in crate::cloud) fn told(
    stacks: Formation,
    fixture: Fixture,
    request: &Request,
    chosen: impl Fn(&Finding) -> bool,
) -> String {
    let (harness, _) = harness(stacks, fixture);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let found = runtime.block_on(async {
        let access = Access::mock(&harness.server.endpoint, "eu-west-1");
        with(&access, request).await
    });
    let mut text = String::new();
    for finding in found.into_iter().filter(chosen) {
        writeln!(
            text,
            "{:7} {}: {}",
            finding.level.word(),
            finding.about,
            finding.message
        )
        .unwrap();
        if let Some(remedy) = finding.remedy {
            writeln!(text, "        {remedy}").unwrap();
        }
    }
    text
}

#[test]
fn account_without_problems() {
    let (stacks, fixture) = well();
    assert_snapshot!(check(stacks, fixture, &request()));
}

#[test]
fn all_problems_are_reported_together() {
    let (mut stacks, mut fixture) = well();
    stacks.stack("DevAppStack", "ROLLBACK_COMPLETE");
    fixture.connection = Some("PENDING");
    fixture.parameters.remove(VPC);
    fixture.images.get_mut("penguin/proxy").unwrap().pop();
    assert_snapshot!(check(stacks, fixture, &request()));
}

#[test]
fn empty_account_reports_missing_parts() {
    assert_snapshot!(check(Formation::default(), Fixture::default(), &request()));
}

#[test]
fn other_account_is_not_checked() {
    let (stacks, fixture) = well();
    let mut other = request();
    other.account = Some("210987654321".into());
    assert_snapshot!(check(stacks, fixture, &other));
}

#[test]
fn missing_permissions_hide_nothing_else() {
    let (stacks, mut fixture) = well();
    fixture.denied = ["GetParameters", "DescribeImages", "GetConnection"].into();
    assert_snapshot!(check(stacks, fixture, &request()));
}

fn with_secrets() -> Request {
    let secret = |name: &str, key: &str| Secret::SecretsManager {
        name: name.into(),
        json_key: Some(key.into()),
    };
    let api_key = Secret::Parameter {
        path: "/school/api-key".into(),
    };
    let dev = BTreeMap::from([("API_KEY".to_owned(), api_key)]);
    let mut prod = dev.clone();
    prod.insert("DATABASE_URL".into(), secret("school/database", "url"));
    prod.insert("DATABASE_PASSWORD".into(), secret("school/database", "password"));
    prod.insert("SESSION_KEY".into(), secret("school/deleted", "key"));
    let mut request = request();
    request.secrets = vec![
        (EnvironmentName::Dev, dev),
        (EnvironmentName::Staging, BTreeMap::new()),
        (EnvironmentName::Prod, prod),
    ];
    request
}

fn secrets_of(told: &str) -> String {
    let lines = told
        .lines()
        .filter(|line| line.contains("secret") || line.contains("put-parameter"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn missing_secrets_are_named_with_the_command_that_creates_them() {
    let (stacks, mut world) = well();
    world.secrets.insert("school/deleted".into(), true);
    assert_snapshot!(secrets_of(&check(stacks, world, &with_secrets())), @r"
    error   dev: secret ssm:/school/api-key of API_KEY does not exist; tasks would not start
            create it: `aws ssm put-parameter --type SecureString --name /school/api-key --value file://FILE`
    error   prod: secret ssm:/school/api-key of API_KEY does not exist; tasks would not start
            create it: `aws ssm put-parameter --type SecureString --name /school/api-key --value file://FILE`
    error   prod: secret secretsmanager:school/database of DATABASE_PASSWORD does not exist or is scheduled for deletion; tasks would not start
            create it: `aws secretsmanager create-secret --name school/database --secret-string file://FILE`
    error   prod: secret secretsmanager:school/database of DATABASE_URL does not exist or is scheduled for deletion; tasks would not start
            create it: `aws secretsmanager create-secret --name school/database --secret-string file://FILE`
    error   prod: secret secretsmanager:school/deleted of SESSION_KEY does not exist or is scheduled for deletion; tasks would not start
            create it: `aws secretsmanager create-secret --name school/deleted --secret-string file://FILE`
    ");
    let (stacks, mut world) = well();
    world
        .parameters
        .insert("/school/api-key".into(), vec!["hunter2".into()]);
    world.secrets = [
        ("school/database".into(), false),
        ("school/deleted".into(), false),
    ]
    .into();
    let told = check(stacks, world, &with_secrets());
    assert_snapshot!(secrets_of(&told), @r"
    ok      dev: secrets of the app exist: 1
    ok      prod: secrets of the app exist: 4
    ");
    assert!(!told.contains("hunter2"), "{told}");
    let (stacks, mut world) = well();
    world.denied = ["DescribeParameters"].into();
    assert_snapshot!(secrets_of(&check(stacks, world, &with_secrets())), @r"warning secrets: cannot check: DescribeParameters is not allowed");
}

#[test]
fn throttling_keeps_earlier_findings() {
    let (stacks, mut fixture) = well();
    fixture.throttled = [("GetParameters", 1000)].into();
    let printed = check(stacks, fixture, &request());
    assert!(printed.contains("ok      DevCluster: deployed"), "{printed}");
    assert!(
        printed.contains("error   account: AWS throttles GetParameters"),
        "{printed}"
    );
}

#[test]
fn new_account_lacks_roles_and_quotas() {
    let (mut stacks, mut fixture) = well();
    stacks.missing_roles = ["AWSServiceRoleForECS".to_owned()].into();
    stacks.stacks.get_mut("Foundation").unwrap().tags = vec![("project".into(), "walrus".into())];
    fixture.quotas = [
        ("L-F678F1CE", 1.0),
        ("Concurrently running builds for ARM/Small environment", 0.0),
        ("Concurrently running builds for Linux/Small environment", 60.0),
    ]
    .into();
    let mut request = request();
    request.stacks[0].body = r#"{"Resources":{"A":{"Type":"AWS::EC2::VPC"},"B":{"Type":"AWS::EC2::VPC"},
        "C":{"Type":"AWS::CodeBuild::Project","Properties":{"Environment":{"Type":"ARM_CONTAINER","ComputeType":"BUILD_GENERAL1_SMALL"}}}}}"#
        .into();
    let printed = check(stacks, fixture, &request);
    for expected in [
        "error   Foundation: stack Foundation belongs to project `walrus`, not to `penguin-school`\n",
        "warning roles: missing service-linked role AWSServiceRoleForECS\n",
        "error   quotas: VPCs per region: quota 1, all stacks need 2\n",
        "error   quotas: concurrent builds, ARM/Small: quota 0, all stacks need 1\n",
    ] {
        assert!(printed.contains(expected), "{printed}");
    }
}
