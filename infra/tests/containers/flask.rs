//! A Flask app replaces the site by settings and a Dockerfile (`tests/flask`), under compose and as a task.
//!
//! Without a registry, the base image is made of Debian packages.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use infra::service::Runtime;
use infra::settings::{EnvironmentName, Settings};
use tempfile::TempDir;

use crate::compose::get;
use crate::docker::{Container, alone, docker, output_of, own_name, run, wait_for};
use crate::task::{self, SECRET};
use crate::vacant::vacant;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const PYTHON: &str = "penguin-python:flask";

/// A fork with the app, its settings and the files that `infra` generates.
struct Fork {
    folder: TempDir,
    name: String,
    port: u16,
}

impl Fork {
    fn new() -> Self {
        let fork = Self {
            folder: TempDir::new().unwrap(),
            name: own_name("flask"),
            port: vacant().port(),
        };
        for file in ["app.py", "Dockerfile.flask"] {
            let source = format!("{}/tests/flask/{file}", env!("CARGO_MANIFEST_DIR"));
            fs_err::copy(source, fork.path(file)).unwrap();
        }
        fs_err::copy(
            format!("{ROOT}/docker-compose.yml"),
            fork.path("docker-compose.yml"),
        )
        .unwrap();
        fork.infra(&[
            "init",
            "--github-owner=polar",
            "--github-repository=flask",
            "--email=bears@polar.dev",
            "--dockerfile=Dockerfile.flask",
            "--app-port=5000",
            "--health-path=/health",
        ]);
        let settings = fs_err::read_to_string(fork.path("infra.toml")).unwrap();
        let more = include_str!("../flask/settings.toml");
        fs_err::write(fork.path("infra.toml"), format!("{settings}{more}")).unwrap();
        fs_err::write(fork.path("docker-compose.yml"), fork.infra(&["compose"])).unwrap();
        fork
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn infra(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
        output_of(command.args(arguments).current_dir(self.folder.path()))
    }

    fn compose(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command
            .args(["compose", "--ansi", "never", "--project-name", &self.name])
            .args(arguments)
            .env_remove("API_KEY")
            .env("PENGUIN_BIND", "127.0.0.1")
            .env("PENGUIN_PORT", self.port.to_string())
            .current_dir(self.folder.path());
        command
    }

    fn container(&self, service: &str) -> Container {
        Container(output_of(&mut self.compose(&["ps", "--all", "--quiet", service])))
    }

    fn image(&self) -> String {
        format!("{}-app", self.name)
    }
}

impl Drop for Fork {
    fn drop(&mut self) {
        run(&mut self.compose(&["down", "--volumes", "--timeout", "0"]));
        run(Command::new("docker").args(["image", "rm", "--force", &self.image()]));
    }
}

/// Creates the base image unless it exists.
fn python() {
    if run(Command::new("docker").args(["image", "inspect", PYTHON]))
        .status
        .success()
    {
        return;
    }
    let script = format!(
        "mmdebstrap --quiet --variant=apt --include=python3-flask,python3-pip bookworm - | docker import - {PYTHON}"
    );
    output_of(Command::new("sh").args(["-euc", &script]));
}

#[test]
fn flask_app_runs_under_compose_and_as_a_task() {
    let _turn = alone();
    python();
    let fork = Fork::new();

    // A missing secret is reported before anything starts.
    let refused = run(&mut fork.compose(&["up", "--detach"]));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && said.contains("API_KEY") && said.contains(".env.example"),
        "{said}"
    );
    assert_eq!(
        output_of(Command::new("docker").args([
            "ps",
            "--all",
            "--quiet",
            "--filter",
            &format!("name={}", fork.name)
        ])),
        ""
    );

    fs_err::write(fork.path(".env"), format!("API_KEY={SECRET}\n")).unwrap();
    output_of(&mut fork.compose(&["config", "--quiet"]));
    output_of(&mut fork.compose(&["build", "--build-arg", &format!("PYTHON={PYTHON}"), "app"]));
    output_of(&mut fork.compose(&["up", "--detach", "--no-build", "--wait", "--wait-timeout", "60"]));
    let page = get(([127, 0, 0, 1], fork.port).into(), "/").unwrap();
    assert!(page.ends_with("hello from Flask, with the key"), "{page}");
    assert_eq!(docker(&["port", &fork.container("app").0]), "");
    output_of(&mut fork.compose(&["down"]));

    as_a_task(&fork);
}

/// With the environment and the restrictions of the task definition of prod, in one network namespace.
fn as_a_task(fork: &Fork) {
    let settings = Settings::load(Path::new(&fork.path("infra.toml"))).unwrap();
    let [app, proxy] = settings
        .environment(EnvironmentName::Prod)
        .service
        .containers(Runtime::Task);
    let publish = format!("127.0.0.1::{}", proxy.port);
    let running_app = task::start_image("flask", &app, &fork.image(), &["--publish", &publish]);
    let network = format!("container:{}", running_app.0);
    let running_proxy = task::start("flask", &proxy, &["--network", &network]);
    running_proxy.wait_until_healthy(Duration::from_mins(1));
    let address = running_app.published(proxy.port);
    // What the load balancer asks.
    wait_for("the task to be ready", Duration::from_mins(1), || {
        get(address, infra::service::PROXY_HEALTH_PATH).filter(|answer| answer.starts_with("HTTP/1.1 200"))
    });
    let page = get(address, "/").unwrap();
    assert!(page.ends_with("hello from prod, with the key"), "{page}");
    task::stop(&running_proxy, &proxy);
    task::stop(&running_app, &app);
}
