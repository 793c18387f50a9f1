//! What AWS has to say before anything is touched.

use std::fmt::Write as _;

use infra::aws::{Access, Login};
use infra::operation::checking::{Request, with};
use infra::operation::pipelines::Connection;
use insta::assert_snapshot;

use super::{THIRD, app, formation, repositories, world};
use crate::cloud::formation::Formation;
use crate::cloud::stage::wanted;
use crate::cloud::world::{World, stage};

const CONNECTION: &str = "/penguin/shared/connection-arn";
const VPC: &str = "/penguin/dev/vpc-id";

fn request() -> Request {
    let mut dev = app("DevAppStack", "dev");
    dev.depends_on = vec!["Foundation".into(), "DevCluster".into()];
    dev.body = format!(
        r#"{{"Parameters":{{"Vpc":{{"Type":"AWS::SSM::Parameter::Value<AWS::EC2::VPC::Id>","Default":"{VPC}"}}}},"Resources":{{}}}}"#
    );
    Request {
        login: Login::default(),
        region: None,
        account: Some("123456789012".into()),
        stacks: vec![wanted("Foundation", &[]), wanted("DevCluster", &[]), dev],
        connection: Connection::Parameter(CONNECTION.into()),
        tag_parameter: "penguinapp-imagetag".into(),
        repositories: repositories(),
    }
}

fn well() -> (Formation, World) {
    let mut stacks = formation(THIRD, THIRD);
    stacks.stack("Foundation", "CREATE_COMPLETE");
    stacks.stack("DevCluster", "UPDATE_COMPLETE");
    let mut world = world();
    world.connection = Some("AVAILABLE");
    for name in [CONNECTION, VPC] {
        world.parameters.insert(name.into(), vec!["arn:aws:x".into()]);
    }
    (stacks, world)
}

fn check(stacks: Formation, world: World, request: &Request) -> String {
    let (stage, _) = stage(stacks, world);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let found = runtime.block_on(async {
        let access = Access::stand_in(&stage.server.endpoint, "eu-west-1");
        with(&access, request).await
    });
    let mut text = String::new();
    for finding in found {
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
fn all_is_well() {
    let (stacks, world) = well();
    assert_snapshot!(check(stacks, world, &request()));
}

#[test]
fn everything_that_would_fail_is_found_at_once() {
    let (mut stacks, mut world) = well();
    stacks.stack("DevAppStack", "ROLLBACK_COMPLETE");
    world.connection = Some("PENDING");
    world.parameters.remove(VPC);
    world.images.get_mut("penguin/proxy").unwrap().pop();
    assert_snapshot!(check(stacks, world, &request()));
}

#[test]
fn an_empty_account_needs_little_and_is_told_what() {
    assert_snapshot!(check(Formation::default(), World::default(), &request()));
}

#[test]
fn of_another_account_nothing_is_looked_at() {
    let (stacks, world) = well();
    let mut other = request();
    other.account = Some("210987654321".into());
    assert_snapshot!(check(stacks, world, &other));
}

#[test]
fn what_nobody_may_look_at_hides_nothing_else() {
    let (stacks, mut world) = well();
    world.denied = ["GetParameters", "DescribeImages", "GetConnection"].into();
    assert_snapshot!(check(stacks, world, &request()));
}

#[test]
fn throttling_in_the_middle_keeps_what_is_known() {
    let (stacks, mut world) = well();
    world.throttled = [("GetParameters", 1000)].into();
    let told = check(stacks, world, &request());
    assert!(told.contains("ok      DevCluster: deployed"), "{told}");
    assert!(
        told.contains("error   account: AWS throttles GetParameters"),
        "{told}"
    );
}
