//! The session itself, with less patience than a person has.

use std::thread;
use std::time::{Duration, Instant};

use infra::console::{Console, Options};
use infra::exit::ExitStatus;
use infra::local::build::Programs;
use infra::local::events::{Event, Events};
use infra::local::session::{self, Plan};
use infra::service::{Container, LocalPlaces, Runtime, containers};

use crate::stage::Stage;

fn plan(stage: &Stage) -> Plan {
    let at = |port| ([127, 0, 0, 1], port).into();
    let places = LocalPlaces {
        app: at(3000),
        proxy: at(8080),
        admin: at(9901),
        source: "/checkout".to_owned(),
    };
    let program = |container: &Container| (container.package, stage.path("bin").join(container.package));
    let containers = containers(Runtime::Local(&places));
    let programs: Programs = containers.iter().map(program).collect();
    let public_url = "http://localhost:8080".to_owned();
    Plan {
        containers: containers.into(),
        programs,
        public_url,
        warden: None,
    }
}

#[test]
fn an_app_that_never_gets_healthy_is_given_up_with_what_its_probe_says() {
    let stage = Stage::new();
    stage.behave("app.serve", "sleep 1000 & wait $!");
    let mut plan = plan(&stage);
    let health = &mut plan.containers[0].health;
    (health.start_period, health.retries) = (Duration::from_millis(200), 0);
    let (console, _) = Console::recording(&Options::default(), None);
    let error = session::run(plan, &Events::new(), &console).unwrap_err();
    assert_eq!(ExitStatus::of(&error), ExitStatus::Failed);
    insta::assert_snapshot!(error, @r"
    app was not healthy after 0.2 s; its health check says: nobody answers
      its last lines:
        serves
    ");
}

#[test]
fn a_program_that_does_not_start_is_named() {
    let stage = Stage::new();
    let mut plan = plan(&stage);
    plan.programs.insert("penguin-proxy", stage.path("bin/nothing"));
    let (console, _) = Console::recording(&Options::default(), None);
    let error = session::run(plan, &Events::new(), &console).unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        format!(
            "cannot start proxy, {}: No such file or directory (os error 2)",
            stage.path("bin/nothing").display()
        )
    );
    assert_eq!(stage.diary(), "app: serves\napp: drained\n");
}

#[test]
fn a_container_that_falls_ill_and_recovers_is_told_once_each() {
    let stage = Stage::new();
    let mut plan = plan(&stage);
    plan.containers.truncate(1);
    let health = &mut plan.containers[0].health;
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
        wait_for("is open");
        fs_err::remove_file(stage.path("bin/app.up")).unwrap();
        wait_for("unhealthy");
        fs_err::write(stage.path("bin/app.up"), "").unwrap();
        wait_for("again");
        sender.send(Event::Stop).unwrap();
        assert_eq!(session.join().unwrap().unwrap(), ExitStatus::Done);
    });
    let told: Vec<_> = said.err().lines().take(2).map(str::to_owned).collect();
    let ill = "warning: app is unhealthy, a task would be replaced now: nobody answers";
    assert_eq!(told, [ill, "app is healthy again"]);
}
