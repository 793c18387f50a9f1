//! Command before a release: order of the actions, and its task.

use infra::settings::EnvironmentName;
use infra::stacks::RUN_TASK_DEFINITION;
use serde_json::{Value as Json, json};

use super::{EVERYTHING, graph};

/// The task definition of the release is deployed, then its command runs, then the service is updated.
#[test]
fn command_runs_before_each_deployment() {
    let graph = graph(EVERYTHING);
    let mut seen = 0;
    for (_, _, properties) in graph.stacks().iter().flat_map(|stack| stack.template.resources()) {
        for stage in properties["Stages"].as_array().into_iter().flatten() {
            let actions: Vec<&Json> = stage["Actions"].as_array().into_iter().flatten().collect();
            let [prepare, run, deploy, ..] = actions[..] else {
                continue;
            };
            let is = |action: &Json, start: &str| action["Name"].as_str().unwrap().starts_with(start);
            if !is(run, "Before") {
                continue;
            }
            seen += 1;
            assert!(is(prepare, "Prepare") && is(deploy, "Deploy"), "{actions:?}");
            assert_eq!(
                [prepare, run, deploy].map(|one| one["RunOrder"].as_u64().unwrap()),
                [1, 2, 3]
            );
            let [its, of_app] = [prepare, deploy].map(|one| &one["Configuration"]);
            let stack = its["StackName"].as_str().unwrap();
            assert_eq!(of_app["StackName"], stack.replace("BeforeRelease", "AppStack"));
            for same in ["RoleArn", "ParameterOverrides"] {
                assert_eq!(its[same], of_app[same], "{same}");
            }
            let given = run["Configuration"]["EnvironmentVariables"].as_str().unwrap();
            let namespace = prepare["Namespace"].as_str().unwrap();
            let output = format!("#{{{namespace}.{RUN_TASK_DEFINITION}}}");
            assert!(given.contains(&output), "{given}");
        }
    }
    assert_eq!(seen, 3, "dev, staging and prod");
}

/// It differs from the task of `infra run` in family and command; the log group has the name of the one in the app stack.
#[test]
fn task_is_that_of_a_one_off_task_with_the_command() {
    let graph = graph(EVERYTHING);
    for name in EnvironmentName::ALL {
        let resources = &graph.app(name).unwrap().template.json()["Resources"];
        let mut once = resources[RUN_TASK_DEFINITION]["Properties"].clone();
        let family = resources["TaskDefinition"]["Properties"]["Family"]
            .as_str()
            .unwrap();
        once["Family"] = format!("{family}-before-release").into();
        let container = &mut once["ContainerDefinitions"][0];
        container["Command"] = json!(["python3", "manage.py", "migrate", "--note", "it's $HOME"]);
        container["LogConfiguration"]["Options"]["awslogs-group"] =
            resources["AppLogs"]["Properties"]["LogGroupName"].clone();
        let template = graph.before_release(name).unwrap().template.json();
        assert_eq!(template["Resources"][RUN_TASK_DEFINITION]["Properties"], once);
    }
}
