//! `logs` against the AWS mock.

use std::time::{Duration, SystemTime};

use infra::workflows::logs::{Request, logs};
use insta::assert_snapshot;

use super::app;
use crate::cloud::fixture::{Fixture, Shared, harness};
use crate::cloud::formation::Formation;
use crate::cloud::harness::Person;

/// 2026-11-02, 10:00 in UTC, in milliseconds.
const TEN: i64 = 1_793_613_600_000;

fn line(seconds: i64, stream: &str, message: &str) -> (i64, String, String) {
    (TEN + seconds * 1000, stream.to_owned(), message.to_owned())
}

fn fixture() -> Fixture {
    let mut fixture = Fixture::default();
    fixture.logs.insert(
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
    fixture.logs.insert(
        "/penguin/dev/proxy".into(),
        vec![
            line(2, "proxy/proxy/aaaaaaaa01", r#"{"level":"INFO","message":"ready"}"#),
            line(5, "proxy/proxy/aaaaaaaa01", r#"{"method":"GET","target":"/","status":200,"end":"ok","bytes_out":5120,"total_ms":1.25,"request_id":"0af7"}"#),
            line(6, "proxy/proxy/aaaaaaaa01", r#"{"method":"GET","target":"/fish","status":404,"end":"ok","bytes_out":99,"total_ms":0.5}"#),
        ],
    );
    fixture
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

fn ask(fixture: Fixture, request: &Request, person: Person<'_>) -> String {
    let (harness, _) = harness(Formation::default(), fixture);
    person.does(&harness, &[app("DevAppStack", "dev")], async |context| {
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
fn containers_are_merged_by_time() {
    assert_snapshot!(ask(fixture(), &request(false), Person::default()));
}

#[test]
fn json_prints_lines_unchanged() {
    assert_snapshot!(ask(fixture(), &request(false), json()));
}

#[test]
fn container_option_selects_one() {
    let mut one = request(false);
    one.groups.remove(0);
    let printed = ask(fixture(), &one, Person::default());
    assert!(
        printed.contains("ready") && !printed.contains("listening"),
        "{printed}"
    );
}

#[test]
fn no_lines_is_reported() {
    let mut recent = request(false);
    recent.since = Duration::from_mins(10);
    assert_snapshot!(ask(fixture(), &recent, Person::default()));
}

#[test]
fn missing_environment_has_no_logs() {
    assert_snapshot!(ask(Fixture::default(), &request(false), Person::default()));
}

#[test]
fn missing_log_group_is_a_warning() {
    let mut half = fixture();
    half.logs.remove("/penguin/dev/app");
    let printed = ask(half, &request(false), Person::default());
    assert!(
        printed.contains("warning: no such log group: /penguin/dev/app"),
        "{printed}"
    );
    assert!(
        printed.contains("ready") && printed.ends_with("--- exit code 0\n"),
        "{printed}"
    );
}

#[test]
fn denied_and_throttled_calls_have_hints() {
    let mut denied = fixture();
    denied.denied = ["FilterLogEvents"].into();
    let mut throttled = fixture();
    throttled.throttled = [("FilterLogEvents", 1000)].into();
    let both = [denied, throttled].map(|fixture| ask(fixture, &request(false), Person::default()));
    assert_snapshot!(both.join("\n"));
}

/// Adds lines during `--follow`, some late and of a new task, with errors in between.
fn write_while_following(fixture: &Shared, looks: impl Fn() -> usize) {
    let patience = std::time::Instant::now();
    let wait_for_looks = |more: usize| {
        let seen = looks();
        while looks() < seen + more {
            assert!(patience.elapsed() < Duration::from_mins(1), "it stopped looking");
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    let add = |group: &str, written: (i64, String, String)| {
        let mut fixture = fixture.now();
        fixture.logs.get_mut(group).unwrap().push(written);
    };
    wait_for_looks(8);
    add(
        "/penguin/dev/app",
        line(20, "app/app/cccccccc03", "of a new task"),
    );
    fixture.now().throttled = [("FilterLogEvents", 9)].into();
    wait_for_looks(20);
    // Written before the last line, delivered after it.
    add("/penguin/dev/proxy", line(12, "proxy/proxy/bbbbbbbb02", "late"));
    wait_for_looks(8);
    add("/penguin/dev/app", line(21, "app/app/cccccccc03", "the end"));
    wait_for_looks(8);
}

#[test]
fn follow_neither_loses_nor_repeats_lines() {
    let (harness, shared) = harness(Formation::default(), fixture());
    let request = request(true);
    let (done, ended) = (
        std::sync::atomic::AtomicBool::new(false),
        std::sync::atomic::Ordering::SeqCst,
    );
    let printed = std::thread::scope(|scope| {
        scope.spawn(|| {
            write_while_following(&shared, || harness.server.count("FilterLogEvents"));
            done.store(true, ended);
            // Ctrl-C follows this call.
            shared.now().denied = ["GetParameter"].into();
        });
        json().does(&harness, &[app("DevAppStack", "dev")], async |context| {
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
    let messages: Vec<_> = printed
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
fn ctrl_c_ends_follow_with_success() {
    let (harness, _) = harness(Formation::default(), fixture());
    let request = request(true);
    let person = Person {
        interrupt_after: vec![("FilterLogEvents", 30)],
        ..Person::default()
    };
    let printed = person.does(&harness, &[app("DevAppStack", "dev")], async |context| {
        logs(context, &request).await
    });
    assert!(printed.ends_with("--- exit code 0\n"), "{printed}");
}
