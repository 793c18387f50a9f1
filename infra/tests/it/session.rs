//! Session of `infra local` with short timeouts.

use std::thread;
use std::time::{Duration, Instant};

use infra::console::{Console, Options};
use infra::exit::ExitStatus;
use infra::local::build::Programs;
use infra::local::events::{Event, Events};
use infra::local::session::{self, Plan};
use infra::service::{Container, LocalPlaces, Runtime, Service};
use infra::settings::SecretValues;

use crate::harness::Harness;

fn plan(harness: &Harness) -> Plan {
    let at = |port| ([127, 0, 0, 1], port).into();
    let places = LocalPlaces {
        app: at(3000),
        proxy: at(8080),
        admin: at(9901),
        source: "/checkout".to_owned(),
    };
    let program = |container: &Container| (container.package, harness.path("bin").join(container.package));
    let containers = Service::default().containers(Runtime::Local(&places));
    let programs: Programs = containers.iter().map(program).collect();
    let public_url = "http://localhost:8080".to_owned();
    Plan {
        containers: containers.into(),
        programs,
        public_url,
        secrets: SecretValues::default(),
        supervisor: None,
    }
}

#[test]
fn unhealthy_app_fails_with_probe_output() {
    let harness = Harness::new();
    harness.behave("app.serve", "sleep 1000 & wait $!");
    let mut plan = plan(&harness);
    let health = plan.containers[0].health.as_mut().unwrap();
    (health.start_period, health.retries) = (Duration::from_millis(200), 0);
    let (console, _) = Console::recording(&Options::default(), None);
    let error = session::run(plan, &Events::new(), &console).unwrap_err();
    assert_eq!(ExitStatus::of(&error), ExitStatus::Failed);
    insta::assert_snapshot!(error, @r"
    app was not healthy after 0.2 s: no response
      last lines:
        serves
    ");
}

#[test]
fn unstartable_program_is_named() {
    let harness = Harness::new();
    let mut plan = plan(&harness);
    plan.programs.insert("penguin-proxy", harness.path("bin/nothing"));
    let (console, _) = Console::recording(&Options::default(), None);
    let error = session::run(plan, &Events::new(), &console).unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        format!(
            "cannot start proxy ({}): No such file or directory (os error 2)",
            harness.path("bin/nothing").display()
        )
    );
    assert_eq!(harness.events(), "app: serves\napp: drained\n");
}

#[test]
fn health_changes_are_reported_once() {
    let harness = Harness::new();
    let mut plan = plan(&harness);
    plan.containers.truncate(1);
    let health = plan.containers[0].health.as_mut().unwrap();
    (health.interval, health.retries) = (Duration::from_millis(10), 2);
    let (console, said) = Console::recording(&Options::default(), None);
    let events = Events::new();
    let sender = events.sender();
    thread::scope(|scope| {
        let console = &console;
        let session = scope.spawn(move || session::run(plan, &events, console));
        let wait_for = |text: &str| {
            let deadline = Instant::now() + Duration::from_mins(1);
            while !format!("{}{}", said.out(), said.err()).contains(text) {
                assert!(Instant::now() < deadline, "no {text:?} in {}", said.err());
                thread::sleep(Duration::from_millis(5));
            }
        };
        wait_for("Serving at");
        fs_err::remove_file(harness.path("bin/app.up")).unwrap();
        wait_for("unhealthy");
        fs_err::write(harness.path("bin/app.up"), "").unwrap();
        wait_for("again");
        sender.send(Event::Stop).unwrap();
        assert_eq!(session.join().unwrap().unwrap(), ExitStatus::Done);
    });
    let reported: Vec<_> = said.err().lines().take(2).map(str::to_owned).collect();
    let ill = "warning: app is unhealthy (ECS would replace the task): no response";
    assert_eq!(reported, [ill, "app is healthy again"]);
}
