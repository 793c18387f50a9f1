//! Pipelines: triggers, order, retention of images.

use infra::stacks::{RELEASE_LATEST, RELEASE_VARIABLE, RELEASE_VARIABLE_DEFAULT};
use serde_json::Value as Json;

use super::{EXAMPLE, each, graph};

/// Calls `look` with stack name and properties of each pipeline.
fn each_pipeline(mut look: impl FnMut(&str, &Json)) {
    let mut seen = 0;
    each(|stack, _, kind, properties| {
        if kind == "AWS::CodePipeline::Pipeline" {
            seen += 1;
            look(&stack.name, properties);
        }
    });
    assert_eq!(seen, 4, "two pipelines, with two settings");
}

fn list(json: &Json) -> impl Iterator<Item = &Json> {
    json.as_array().into_iter().flatten()
}

/// Returns whether the stack contains the release pipeline.
fn releases(stack: &str) -> bool {
    stack.ends_with("StagingProdPipelineStack")
}

/// Returns stage and run order of an action.
fn place(pipeline: &Json, action: &str) -> (usize, u64) {
    list(&pipeline["Stages"])
        .enumerate()
        .find_map(|(stage, found)| {
            let action = list(&found["Actions"]).find(|one| one["Name"] == action)?;
            Some((stage, action["RunOrder"].as_u64()?))
        })
        .unwrap_or_else(|| panic!("no action {action}"))
}

#[test]
fn stages_do_not_roll_back() {
    each_pipeline(|stack, pipeline| {
        for stage in list(&pipeline["Stages"]) {
            let result = stage["OnFailure"]["Result"].as_str();
            assert!(matches!(result, None | Some("RETRY")), "{stack}: {stage}");
            // Only builds are retried.
            let deploys =
                list(&stage["Actions"]).any(|action| action["ActionTypeId"]["Category"] == "Deploy");
            assert!(!(deploys && result.is_some()), "{stack}: {stage}");
        }
    });
}

#[test]
fn approval_is_in_the_staging_stage() {
    each_pipeline(|stack, pipeline| {
        if !releases(stack) {
            return;
        }
        assert_eq!(pipeline["ExecutionMode"], "QUEUED");
        let ((staging, deployed), (approval, asked)) =
            (place(pipeline, "DeployStaging"), place(pipeline, "Approve"));
        assert!(
            staging == approval && deployed < asked,
            "QUEUED locks a stage: {stack}"
        );
        assert!(place(pipeline, "DeployProd").0 > approval);
    });
}

/// Returns the pattern that the release pipeline's variable must match.
fn gate(pipeline: &Json) -> String {
    let stages: Vec<_> = list(&pipeline["Stages"]).collect();
    let source = list(&stages[0]["Actions"]).next().unwrap();
    assert_eq!(source["ActionTypeId"]["Category"], "Source");
    let conditions: Vec<_> = list(&stages[1]["BeforeEntry"]["Conditions"]).collect();
    assert_eq!(conditions.len(), 1);
    assert_eq!(conditions[0]["Result"], "FAIL");
    let rule = &conditions[0]["Rules"][0];
    assert_eq!(rule["RuleTypeId"]["Provider"], "VariableCheck");
    assert_eq!(rule["Configuration"]["Operator"], "MATCHES");
    assert_eq!(
        rule["Configuration"]["Variable"],
        format!("#{{variables.{RELEASE_VARIABLE}}}")
    );
    rule["Configuration"]["Value"].as_str().unwrap().to_owned()
}

/// Matches `tag` against the pattern, which uses only syntax common to Java and POSIX.
fn passes(pattern: &str, tag: &str) -> bool {
    assert_eq!(pattern, "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,119}$");
    let mut bytes = tag.bytes();
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    bytes.next().is_some_and(word)
        && bytes.all(|byte| word(byte) || b".-".contains(&byte))
        && tag.len() <= 120
}

#[test]
fn default_variable_releases_nothing() {
    each_pipeline(|stack, pipeline| {
        if !releases(stack) {
            return;
        }
        let pattern = gate(pipeline);
        let variable = &pipeline["Variables"][0];
        assert_eq!(variable["Name"], RELEASE_VARIABLE);
        assert_eq!(variable["DefaultValue"], RELEASE_VARIABLE_DEFAULT);
        assert!(!passes(&pattern, RELEASE_VARIABLE_DEFAULT));
        assert!(passes(&pattern, RELEASE_LATEST));
        assert!(passes(&pattern, "4f2a9c0b7d1e6f8a3c5b2d4e6f8091a2b3c4d5e6"));
        // Strings that would break the JSON into which the variable is inserted.
        for strange in ["", "a\"", "a\\", "a}", "a b", "a\n", "#{x}"] {
            assert!(!passes(&pattern, strange), "{strange}");
        }
    });
}

#[test]
fn builds_use_the_variable_only_after_validation() {
    each_pipeline(|stack, pipeline| {
        for (number, stage) in list(&pipeline["Stages"]).enumerate() {
            for action in list(&stage["Actions"]) {
                let uses = action["Configuration"].to_string().contains("#{variables.");
                assert!(!uses || number >= 1, "{stack}: {action}");
                if uses {
                    gate(pipeline);
                }
            }
        }
    });
}

#[test]
fn latest_release_is_recorded_after_deployment_to_dev() {
    let mut writers = Vec::new();
    each(|stack, id, kind, properties| {
        // Deploy roles write the value that an app stack shares, see `rights.rs`.
        if kind == "AWS::IAM::Policy"
            && !id.ends_with("DeployPolicy")
            && properties.to_string().contains("ssm:PutParameter")
        {
            writers.push((stack.name.clone(), id.to_owned()));
        }
    });
    // No other build may write the parameter.
    assert!(
        writers.len() == 2 && writers.iter().all(|(_, id)| id == "RecordPolicy"),
        "{writers:?}"
    );
    each_pipeline(|stack, pipeline| {
        if !releases(stack) {
            assert!(place(pipeline, "RecordRelease") > place(pipeline, "DeployDev"));
        }
    });
}

#[test]
fn tests_run_beside_the_image_build_and_before_the_deployment() {
    each_pipeline(|stack, pipeline| {
        if !releases(stack) {
            assert_eq!(place(pipeline, "RunTests"), place(pipeline, "BuildImages"));
            assert!(place(pipeline, "DeployDev").0 > place(pipeline, "RunTests").0);
        }
    });
}

#[test]
fn smoke_test_is_between_deployment_and_record_or_approval() {
    each_pipeline(|stack, pipeline| {
        let [before, after] = if releases(stack) {
            ["DeployStaging", "Approve"]
        } else {
            ["DeployDev", "RecordRelease"]
        };
        let places = [before, "SmokeTest", after].map(|action| place(pipeline, action));
        assert!(places.is_sorted_by(|one, next| one < next), "{stack}: {places:?}");
        // The namespace of the deployment.
        let action = |name: &str| {
            let actions = list(&pipeline["Stages"]).flat_map(|stage| list(&stage["Actions"]));
            let mut found = actions.filter(|action| action["Name"] == name);
            found.next().unwrap().clone()
        };
        let namespace = action(before)["Namespace"].as_str().unwrap().to_owned();
        let variables = action("SmokeTest")["Configuration"]["EnvironmentVariables"].to_string();
        assert!(
            variables.contains(&format!("#{{{namespace}.Url}}")),
            "{variables}"
        );
    });
}

#[test]
fn tests_and_smoke_tests_can_be_switched_off() {
    let off = EXAMPLE
        .replace("test = \".ci/test rust\"", "test = false")
        .replace("smoke-test = \"/\"", "smoke-test = false");
    for stack in graph(&off).stacks() {
        let text = stack.template.text();
        for trace in ["RunTests", "TestsProject", "SmokeTest", "PROXY_RELEASE"] {
            assert!(!text.contains(trace), "{}: {trace}", stack.name);
        }
    }
    let orders = |text: &str, action: &str| {
        let graph = graph(text);
        let stack = graph
            .stacks()
            .iter()
            .find(|stack| stack.name == "DevPipelineStack");
        let template = stack.unwrap().template.json();
        place(&template["Resources"]["Pipeline"]["Properties"], action).1
    };
    assert_eq!(orders(&off, "RecordRelease"), 2);
    assert_eq!(orders(EXAMPLE, "RecordRelease"), 3);
}

/// Whoever reaches the load balancer can read the release.
#[test]
fn release_is_told_where_it_is_checked() {
    each(|stack, _, kind, properties| {
        let text = properties.to_string();
        // The definition of one-off tasks has no proxy.
        if kind == "AWS::ECS::TaskDefinition" && text.contains("\"Name\":\"proxy\"") {
            let told = text.contains("\"PROXY_RELEASE\",\"Value\":{\"Ref\":\"ImageTag\"}");
            assert_eq!(told, !stack.name.ends_with("ProdAppStack"), "{}", stack.name);
        }
    });
}

/// CodeBuild has a quota for each type of machine, 1 in young accounts.
#[test]
fn parallel_builds_use_different_machines() {
    each(|stack, _, kind, pipeline| {
        if kind != "AWS::CodePipeline::Pipeline" {
            return;
        }
        let resources = &stack.template.json()["Resources"];
        for stage in list(&pipeline["Stages"]) {
            let mut machines: Vec<String> = list(&stage["Actions"])
                .filter_map(|action| {
                    let project = action["Configuration"]["ProjectName"]["Ref"].as_str()?;
                    let environment = &resources[project]["Properties"]["Environment"];
                    Some(format!("{} {}", action["RunOrder"], environment["ComputeType"]))
                })
                .collect();
            let all = machines.len();
            machines.sort();
            machines.dedup();
            // The release pipeline's two builds are short.
            assert!(
                machines.len() == all || releases(&stack.name),
                "{}: {machines:?}",
                stack.name
            );
        }
    });
}

/// Applies a lifecycle policy to images in push order, as documented by AWS: an image selected by a rule is exempt from
/// later rules.
fn kept<'a>(policy: &Json, images: &[Vec<&'a str>]) -> Vec<Vec<&'a str>> {
    let mut rules: Vec<_> = list(&policy["rules"]).collect();
    rules.sort_by_key(|rule| rule["rulePriority"].as_u64());
    let mut open: Vec<bool> = vec![true; images.len()];
    let mut stays: Vec<bool> = vec![true; images.len()];
    for rule in rules {
        let selection = &rule["selection"];
        if selection["tagStatus"] != "tagged" {
            continue;
        }
        assert_eq!(selection["countType"], "imageCountMoreThan", "no rule by age");
        let patterns: Vec<_> = list(&selection["tagPatternList"])
            .map(|pattern| pattern.as_str().unwrap().trim_end_matches('*'))
            .collect();
        let selected = |tags: &Vec<&str>| {
            patterns
                .iter()
                .all(|start| tags.iter().any(|tag| tag.starts_with(start)))
        };
        let most = usize::try_from(selection["countNumber"].as_u64().unwrap()).unwrap();
        let mut count = 0;
        for (at, tags) in images.iter().enumerate().rev() {
            if selected(tags) {
                count += 1;
                if count > most && open[at] {
                    stays[at] = false;
                }
                open[at] = false;
            }
        }
    }
    let all = images.iter().zip(stays);
    all.filter(|(_, stays)| *stays)
        .map(|(tags, _)| tags.clone())
        .collect()
}

#[test]
fn pushes_to_dev_do_not_expire_released_images() {
    let mut seen = 0;
    each(|_, _, kind, properties| {
        if kind != "AWS::ECR::Repository" {
            return;
        }
        seen += 1;
        let text = properties["LifecyclePolicy"]["LifecyclePolicyText"].as_str();
        let policy: Json = serde_json::from_str(text.unwrap()).unwrap();
        let pushed: Vec<String> = (0..500).map(|number| format!("commit{number}")).collect();
        let mut images = vec![
            vec!["prod-runs-this", "release-prod-runs-this"],
            vec!["forgotten"],
        ];
        images.extend(pushed.iter().map(|tag| vec![tag.as_str()]));
        let kept = kept(&policy, &images);
        assert!(kept.contains(&images[0]), "an image in prod was deleted");
        assert!(!kept.contains(&images[1]), "no image is deleted");
        assert!(kept.len() >= 30);
        // Old releases expire too.
        let released: Vec<String> = (0..200).map(|number| format!("release-{number}")).collect();
        let released: Vec<_> = released.iter().map(|tag| vec![tag.as_str()]).collect();
        assert!(self::kept(&policy, &released).len() < 150);
    });
    assert_eq!(seen, 4);
}

#[test]
fn eventbridge_can_publish_without_source_conditions() {
    let mut seen = 0;
    each(|stack, id, kind, properties| {
        let policy = match kind {
            "AWS::KMS::Key" => &properties["KeyPolicy"],
            "AWS::SNS::TopicPolicy" => &properties["PolicyDocument"],
            _ => return,
        };
        let of_events = list(&policy["Statement"])
            .filter(|statement| statement["Principal"]["Service"] == "events.amazonaws.com");
        for statement in of_events {
            seen += 1;
            let condition = &statement["Condition"];
            if kind == "AWS::SNS::TopicPolicy" {
                assert!(condition.is_null(), "{} {id}: {condition}", stack.name);
            } else {
                let keys: Vec<_> = condition
                    .as_object()
                    .into_iter()
                    .flat_map(|map| map.values())
                    .filter_map(Json::as_object)
                    .flat_map(|keys| keys.keys())
                    .collect();
                assert_eq!(
                    keys,
                    ["kms:EncryptionContext:aws:sns:topicArn"],
                    "{} {id}",
                    stack.name
                );
            }
        }
    });
    assert_eq!(seen, 8, "a key and a topic for each of two, with two settings");
}

#[test]
fn every_environment_has_its_own_task_role() {
    let (mut tasks, mut taken) = (0, Vec::new());
    each(|stack, _, kind, properties| {
        if kind == "AWS::ECS::TaskDefinition" {
            tasks += 1;
            assert_eq!(properties["TaskRoleArn"]["Ref"], "TaskRoleArn");
            let from = &stack.template.json()["Parameters"]["TaskRoleArn"]["Default"];
            taken.push(from.as_str().unwrap().to_owned());
        }
    });
    taken.sort();
    taken.dedup();
    // Both settings have the same project name.
    assert!(tasks == 15 && taken.len() >= 3, "{taken:?}");
}
