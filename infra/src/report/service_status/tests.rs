//! Status reports at 80 columns without color.

use std::time::Duration;

use super::*;
use crate::deployment::rollout::StoppedContainer;
use crate::service_status::{Alarm, Found, Unknown, document};

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000)
}

fn before(seconds: u64) -> SystemTime {
    now() - Duration::from_secs(seconds)
}

fn stack(name: &str, status: &str) -> StackStatus {
    StackStatus {
        name: name.into(),
        environment: Some("dev".into()),
        found: (!status.is_empty()).then(|| Found {
            status: status.into(),
            since: before(720),
            reason: None,
        }),
        service: None,
        wait: None,
    }
}

fn healthy_service() -> ServiceStatus {
    let task = |id: &str| TaskStatus {
        id: id.into(),
        status: "RUNNING".into(),
        health: "HEALTHY".into(),
        started: Some(before(600)),
    };
    ServiceStatus {
        release: Some("4f2a9c0".into()),
        latest: Latest::Is("4f2a9c0".into()),
        url: Some("http://penguin-dev.example".into()),
        rollout: Some(Rollout {
            service: "web".into(),
            state: "COMPLETED".into(),
            reason: None,
            desired: 2,
            running: 2,
            pending: 0,
            failed: 0,
        }),
        tasks: vec![task("1"), task("2")],
        ..ServiceStatus::default()
    }
}

fn failing_service() -> ServiceStatus {
    let dead = |id: &str, seconds| StoppedTask {
        id: id.into(),
        at: before(seconds),
        reason: "Essential container in task exited".into(),
        containers: vec![StoppedContainer {
            name: "app".into(),
            exit_code: Some(64),
            reason: None,
            last_lines: vec![
                "one".into(),
                "two".into(),
                "error: APP_LISTEN: `nowhere` is no address".into(),
            ],
        }],
    };
    let mut service = healthy_service();
    service.latest = Latest::Is("9b1c2d3e4f5a69788796a5b4c3d2e1f001122334".into());
    service.rollout = Some(Rollout {
        state: "IN_PROGRESS".into(),
        running: 1,
        pending: 1,
        failed: 3,
        ..service.rollout.unwrap()
    });
    service.tasks[1].status = "PENDING".into();
    service.tasks[0].health = "UNHEALTHY".into();
    service.stopped = vec![
        dead("4f2a9c01aaaa", 30),
        dead("bbbbbbbbcccc", 200),
        dead("c", 300),
    ];
    service.alarms = vec![Alarm {
        name: "penguin-dev-errors".into(),
        description: "Responses with 5xx, with a description that is longer than the line".into(),
        since: before(400),
    }];
    service.unknown = vec![Unknown {
        part: Part::Alarms,
        why: "DescribeAlarms is not allowed".into(),
    }];
    service
}

fn all() -> Vec<StackStatus> {
    let mut dev = stack("DevAppStack", "UPDATE_COMPLETE");
    dev.service = Some(healthy_service());
    let mut prod = stack("ProdAppStack", "UPDATE_ROLLBACK_COMPLETE");
    prod.environment = Some("prod".into());
    prod.service = Some(failing_service());
    if let Some(found) = &mut prod.found {
        found.reason = Some("ECS Deployment Circuit Breaker was triggered".into());
    }
    let mut staging = stack("StagingAppStack", "");
    staging.service = Some(ServiceStatus::default());
    vec![
        stack("Foundation", "CREATE_COMPLETE"),
        stack("DevCluster", "SOMETHING_NEW"),
        dev,
        staging,
        prod,
    ]
}

#[test]
fn healthy_services_are_short_and_failing_ones_show_reasons() {
    let lines = lines(&all(), now(), Paint::new(false));
    for line in &lines {
        assert!(line.chars().count() <= 80, "{line}");
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn live_view_fits_the_terminal() {
    let many: Vec<_> = (0..5).flat_map(|_| all()).collect();
    let shown = fitted(lines(&many, now(), Paint::new(false)), MOST_LINES);
    assert_eq!(shown.len(), MOST_LINES);
    assert!(shown[22].starts_with("… and "), "{}", shown[22]);
    let few = lines(&all()[..1], now(), Paint::new(false));
    assert_eq!(fitted(few.clone(), MOST_LINES), few);
}

#[test]
fn json_document_contains_everything() {
    insta::assert_snapshot!(format!("{:#}", document(&all()[3..])));
}
