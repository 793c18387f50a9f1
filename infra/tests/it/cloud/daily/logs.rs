//! What the containers write.

use std::time::{Duration, SystemTime};

use infra::operation::logs::{Request, logs};
use insta::assert_snapshot;

use super::app;
use crate::cloud::formation::Formation;
use crate::cloud::stage::Person;
use crate::cloud::world::{Shared, World, stage};

/// 2026-11-02, 10:00 in UTC, in milliseconds.
const TEN: i64 = 1_793_613_600_000;

fn line(seconds: i64, stream: &str, message: &str) -> (i64, String, String) {
    (TEN + seconds * 1000, stream.to_owned(), message.to_owned())
}

fn world() -> World {
    let mut world = World::default();
    world.logs.insert(
        "/penguin/dev/app".into(),
        vec![
            line(-60, "app/app/0000000000", "too old to be shown"),
            line(
                1,
                "app/app/aaaaaaaa01",
                r#"{"timestamp":"x","level":"INFO","message":"listening","address":"0.0.0.0:3000"}"#,
            ),
            line(4, "app/app/aaaaaaaa01", "not JSON\u{1b}[2J\n"),
            line(
                9,
                "app/app/bbbbbbbb02",
                r#"{"level":"INFO","message":"listening","address":"0.0.0.0:3000"}"#,
            ),
        ],
    );
    world.logs.insert(
        "/penguin/dev/proxy".into(),
        vec![
            line(2, "proxy/proxy/aaaaaaaa01", r#"{"level":"INFO","message":"ready"}"#),
            line(5, "proxy/proxy/aaaaaaaa01", r#"{"method":"GET","target":"/","status":200,"end":"ok","bytes_out":5120,"total_ms":1.25,"request_id":"0af7"}"#),
            line(6, "proxy/proxy/aaaaaaaa01", r#"{"method":"GET","target":"/fish","status":404,"end":"ok","bytes_out":99,"total_ms":0.5}"#),
        ],
    );
    world
}

fn request(follow: bool) -> Request {
    let since = SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(TEN).unwrap());
    Request {
        environment: "dev".into(),
        region: None,
        groups: ["app", "proxy"]
            .map(|name| (name.to_owned(), format!("/penguin/dev/{name}")))
            .to_vec(),
        since: since.elapsed().unwrap(),
        every: follow.then_some(Duration::from_millis(1)),
    }
}

fn ask(world: World, request: &Request, person: Person<'_>) -> String {
    let (stage, _) = stage(Formation::default(), world);
    person.does(&stage, &[app("DevAppStack", "dev")], async |context| {
        logs(context, request).await
    })
}

fn json() -> Person<'static> {
    Person {
        json: true,
        ..Person::default()
    }
}

#[test]
fn both_containers_in_order_of_time() {
    assert_snapshot!(ask(world(), &request(false), Person::default()));
}

#[test]
fn a_program_gets_every_line_as_it_was_written() {
    assert_snapshot!(ask(world(), &request(false), json()));
}

#[test]
fn one_container_alone() {
    let mut one = request(false);
    one.groups.remove(0);
    let told = ask(world(), &one, Person::default());
    assert!(told.contains("ready") && !told.contains("listening"), "{told}");
}

#[test]
fn silence_is_said_to_be_silence() {
    let mut recent = request(false);
    recent.since = Duration::from_mins(10);
    assert_snapshot!(ask(world(), &recent, Person::default()));
}

#[test]
fn an_environment_that_is_not_there_has_no_logs() {
    assert_snapshot!(ask(World::default(), &request(false), Person::default()));
}

#[test]
fn one_log_group_that_is_missing_does_not_hide_the_other() {
    let mut half = world();
    half.logs.remove("/penguin/dev/app");
    let told = ask(half, &request(false), Person::default());
    assert!(
        told.contains("warning: there is no log group /penguin/dev/app"),
        "{told}"
    );
    assert!(
        told.contains("ready") && told.ends_with("--- exit code 0\n"),
        "{told}"
    );
}

#[test]
fn not_being_allowed_and_throttling_are_told_with_what_helps() {
    let mut denied = world();
    denied.denied = ["FilterLogEvents"].into();
    let mut throttled = world();
    throttled.throttled = [("FilterLogEvents", 1000)].into();
    let both = [denied, throttled].map(|world| ask(world, &request(false), Person::default()));
    assert_snapshot!(both.join("\n"));
}

/// Adds lines while somebody follows, some of them late and of a new task, with trouble in between.
fn write_while_following(world: &Shared, looks: impl Fn() -> usize) {
    let patience = std::time::Instant::now();
    let wait_for_looks = |more: usize| {
        let seen = looks();
        while looks() < seen + more {
            assert!(patience.elapsed() < Duration::from_mins(1), "it stopped looking");
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    let add = |group: &str, written: (i64, String, String)| {
        let mut world = world.now();
        world.logs.get_mut(group).unwrap().push(written);
    };
    wait_for_looks(8);
    add(
        "/penguin/dev/app",
        line(20, "app/app/cccccccc03", "of a new task"),
    );
    world.now().throttled = [("FilterLogEvents", 9)].into();
    wait_for_looks(20);
    // Written before the last one, given out after it.
    add("/penguin/dev/proxy", line(12, "proxy/proxy/bbbbbbbb02", "late"));
    wait_for_looks(8);
    add("/penguin/dev/app", line(21, "app/app/cccccccc03", "the end"));
    wait_for_looks(8);
}

#[test]
fn following_loses_nothing_and_repeats_nothing() {
    let (stage, shared) = stage(Formation::default(), world());
    let request = request(true);
    let (done, ended) = (
        std::sync::atomic::AtomicBool::new(false),
        std::sync::atomic::Ordering::SeqCst,
    );
    let told = std::thread::scope(|scope| {
        scope.spawn(|| {
            write_while_following(&shared, || stage.server.count("FilterLogEvents"));
            done.store(true, ended);
            // The call that Ctrl-C waits for.
            shared.now().denied = ["GetParameter"].into();
        });
        json().does(&stage, &[app("DevAppStack", "dev")], async |context| {
            tokio::select! {
                ended = logs(context, &request) => ended,
                () = async {
                    while !done.load(ended) {
                        tokio::time::sleep(Duration::from_millis(2)).await;
                    }
                } => Ok(infra::exit::ExitStatus::Done),
            }
        })
    });
    let messages: Vec<_> = told
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .map(|line| {
            format!(
                "{} {}",
                line["task"].as_str().unwrap(),
                line["message"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(messages.len(), 9, "{messages:#?}");
    assert_eq!(
        messages[6..],
        [
            "cccccccc03 of a new task",
            "bbbbbbbb02 late",
            "cccccccc03 the end"
        ]
    );
}

#[test]
fn ctrl_c_is_the_way_out_of_following() {
    let (stage, _) = stage(Formation::default(), world());
    let request = request(true);
    let person = Person {
        interrupt_after: vec![("FilterLogEvents", 30)],
        ..Person::default()
    };
    let told = person.does(&stage, &[app("DevAppStack", "dev")], async |context| {
        logs(context, &request).await
    });
    assert!(told.ends_with("--- exit code 0\n"), "{told}");
}
