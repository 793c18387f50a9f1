//! The build of the images: whole, half, not at all, and once more.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use infra::service::{Container as Described, Runtime, Value, containers};

use super::machine::Outcome;
use super::spec::PhaseName;
use super::{FIRST, PARAMETER, SECOND, Stage, refusal};
use crate::compose::get;
use crate::docker::{Own, alone, docker, figure, inspect_image, own_name};

/// How long a build took, for those who read figures.
fn timed(what: &str, build: impl FnOnce() -> Outcome) -> (Outcome, Duration) {
    let began = Instant::now();
    let outcome = build();
    figure(&format!("build spec, {what}: {:.1?}", began.elapsed()));
    (outcome, began.elapsed())
}

/// Whether the log tells of a build of this container's image.
fn was_built(outcome: &Outcome, container: &str) -> bool {
    outcome
        .log
        .lines()
        .any(|line| line.starts_with(&format!("{container} | ")))
}

#[test]
fn a_push_becomes_two_images_and_a_release() {
    let _turn = alone();
    let stage = Stage::new();
    let mut execution = stage.dev(FIRST);

    let (outcome, _) = timed("first commit", || execution.build("BuildImages"));
    outcome.assert_succeeded();
    assert!(
        was_built(&outcome, "app") && was_built(&outcome, "proxy"),
        "{}",
        outcome.log
    );
    assert_eq!(outcome.exported["IMAGE_TAG"], FIRST);
    assert_eq!(stage.latest_release().as_deref(), Some(FIRST));
    let first = stage.tags();
    assert!(first.iter().all(|tags| tags.keys().eq([FIRST])), "{first:?}");

    // What the registry gives back is the site.
    stage.cloud.forget_images();
    serves_the_site(&stage, FIRST);

    // The same commit again: nothing to build, nothing pushed, and the release is the same.
    let (again, took) = timed("same commit again", || stage.dev(FIRST).build("BuildImages"));
    again.assert_succeeded();
    for container in ["app", "proxy"] {
        assert!(!was_built(&again, container), "{}", again.log);
        let says = format!("penguin-school/{container}:{FIRST} is there already");
        assert!(again.log.contains(&says), "{}", again.log);
    }
    assert!(!again.log.contains("The push refers to"), "{}", again.log);
    assert_eq!(stage.tags(), first);
    assert_eq!(stage.latest_release().as_deref(), Some(FIRST));
    assert!(took < Duration::from_mins(1), "{took:?}");

    // Another commit that changes neither program: their layers come from the release before.
    let (second, _) = timed("next commit, programs unchanged", || {
        stage.dev(SECOND).build("BuildImages")
    });
    second.assert_succeeded();
    for container in ["app", "proxy"] {
        let cache = format!("importing cache manifest from {}", stage.image(container, FIRST));
        assert!(second.log.contains(&cache), "{}", second.log);
    }
    assert_eq!(
        second.log.matches("Layer already exists").count(),
        2,
        "{}",
        second.log
    );
    assert!(stage.tags().iter().all(|tags| tags.keys().eq([FIRST, SECOND])));
    assert_eq!(stage.latest_release().as_deref(), Some(SECOND));
}

/// Pulls the images of a tag and runs them as the task does: strictly, in one network namespace.
fn serves_the_site(stage: &Stage, tag: &str) {
    let [app, proxy] = containers(Runtime::Task);
    let run = |container: &Described, placing: &[&str]| {
        let image = stage.image(container.name, tag);
        docker(&["pull", "--quiet", &image]);
        let labels = &inspect_image(&image)["Config"]["Labels"];
        for (label, value) in [
            ("revision", tag),
            ("version", tag),
            ("source", "https://github.com/OWNER/NAME"),
        ] {
            assert_eq!(labels[format!("org.opencontainers.image.{label}")], value);
        }
        let mut arguments = vec!["--read-only".to_owned(), "--cap-drop=ALL".to_owned()];
        arguments.extend(
            container
                .environment
                .iter()
                .map(|variable| match &variable.value {
                    Value::Text(text) => format!("--env={}={text}", variable.name),
                    Value::PublicUrl => format!("--env={}=https://penguins.example", variable.name),
                }),
        );
        arguments.push(image);
        arguments.extend(container.command.iter().map(|word| (*word).to_owned()));
        let arguments: Vec<_> = placing
            .iter()
            .copied()
            .chain(arguments.iter().map(String::as_str))
            .collect();
        let own = Own::run(&own_name(&format!("pulled-{}", container.name)), &arguments);
        own.wait_until_healthy(Duration::from_mins(1));
        own
    };
    let running_app = run(&app, &["--publish", &format!("127.0.0.1::{}", proxy.port)]);
    let _running_proxy = run(&proxy, &["--network", &format!("container:{}", running_app.0)]);
    let page = get(running_app.published(proxy.port), "/").unwrap();
    assert!(
        page.starts_with("HTTP/1.1 200") && page.contains("Penguin School"),
        "{page}"
    );
}

#[test]
fn a_build_that_fails_pushes_nothing_and_the_latest_release_stays() {
    let _turn = alone();
    let stage = Stage::new();
    stage.cloud.put_release(PARAMETER, "before");

    // Whichever of the two it is, and however soon the other one is done.
    let last = "COPY --from=build /penguin-proxy /penguin-proxy";
    stage.checkout.edit(
        "Dockerfile.proxy",
        last,
        "COPY --from=build /penguin-prxy /penguin-proxy",
    );
    let outcome = stage.dev(FIRST).build("BuildImages");
    outcome.assert_failed(
        PhaseName::Build,
        "error: an image could not be built, nothing is pushed",
    );
    assert!(was_built(&outcome, "app"), "{}", outcome.log);
    let why = outcome.log.lines().filter(|line| line.starts_with("proxy | "));
    assert!(
        why.clone().any(|line| line.contains("penguin-prxy")),
        "{}",
        outcome.log
    );
    assert_eq!(stage.latest_release().as_deref(), Some("before"));
    assert_eq!(stage.tags(), [BTreeMap::new(), BTreeMap::new()]);

    // Mended: the next run has nothing to trip over.
    stage
        .checkout
        .edit("Dockerfile.proxy", "/penguin-prxy", "/penguin-proxy");
    stage.dev(FIRST).build("BuildImages").assert_succeeded();
    assert_eq!(stage.latest_release().as_deref(), Some(FIRST));
    assert!(stage.tags().iter().all(|tags| tags.keys().eq([FIRST])));
}

#[test]
fn of_two_pushes_the_second_one_fails_and_the_next_run_completes_the_commit() {
    let _turn = alone();
    let stage = Stage::new();
    let refusal = refusal("docker", "push*/proxy:*", "denied: the quota is used up");
    let mut broken = stage.dev(FIRST);
    broken.shadow = Some(refusal.path().to_owned());
    let outcome = broken.build("BuildImages");
    outcome.assert_failed(PhaseName::Build, "denied: the quota is used up");
    assert_eq!(stage.latest_release(), None);
    let [app, proxy] = stage.tags();
    assert!(app.keys().eq([FIRST]) && proxy.is_empty(), "{app:?} {proxy:?}");

    let outcome = stage.dev(FIRST).build("BuildImages");
    outcome.assert_succeeded();
    assert!(
        !was_built(&outcome, "app") && was_built(&outcome, "proxy"),
        "{}",
        outcome.log
    );
    let [same_app, proxy] = stage.tags();
    assert_eq!(same_app, app, "a tag is never pushed twice");
    assert!(proxy.keys().eq([FIRST]));
    assert_eq!(stage.latest_release().as_deref(), Some(FIRST));
}

#[test]
fn a_build_that_cannot_log_in_or_look_builds_nothing() {
    let _turn = alone();
    let stage = Stage::new();
    for (program, pattern) in [
        ("aws", "'ecr get-login-password'*"),
        ("docker", "login*"),
        ("aws", "'ecr batch-get-image'*"),
        ("aws", "'ssm get-parameters'*"),
    ] {
        let refusal = refusal(program, pattern, "not authorized, says the test");
        let mut execution = stage.dev(FIRST);
        execution.shadow = Some(refusal.path().to_owned());
        let outcome = execution.build("BuildImages");
        outcome.assert_failed(PhaseName::PreBuild, "not authorized, says the test");
        assert!(!was_built(&outcome, "app"), "{}", outcome.log);
    }
    let mut execution = stage.dev("");
    let outcome = execution.build("BuildImages");
    outcome.assert_failed(PhaseName::PreBuild, "images are tagged with the commit");
    assert_eq!(stage.latest_release(), None);
}
