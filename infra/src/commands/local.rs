//! `infra local`: runs the site and its proxy locally.

use anyhow::{Context as _, Result};

use super::settings;
use crate::cli;
use crate::compose_file::{ENV_EXAMPLE, ENV_FILE};
use crate::console::Console;
use crate::exit::{ExitStatus, Failure};
use crate::local::build::{self, BuildError, Built};
use crate::local::events::Events;
use crate::local::ports::{self, Owner, PortError};
use crate::local::session::{self, Plan};
use crate::local::supervisor::{self, Supervisor};
use crate::local::workspace;
use crate::service::{ADMIN_PORT, Container, LocalPlaces, Runtime};
use crate::settings::{NoSecretValues, SecretValues};

/// Builds and runs both programs until Ctrl-C.
pub(super) fn run(arguments: &cli::Local, global: &cli::Global, console: &Console) -> Result<ExitStatus> {
    let here = std::env::current_dir().context("cannot read the current directory")?;
    let root = workspace::find(&here)
        .map_err(|error| Failure::failed(error.to_string()).hint("run it inside the checkout"))?;
    let service = settings::local_service(global)?;
    let secrets = SecretValues::of(&service, &root.join(ENV_FILE)).map_err(no_secrets)?;
    let [app, proxy] = service.containers(Runtime::Compose);
    if !app.is_package && app.command.is_empty() {
        return Err(no_command().into());
    }
    let packages: Vec<_> = [&app, &proxy]
        .into_iter()
        .filter(|container| container.is_package)
        .map(|container| container.package)
        .collect();
    let events = Events::with_signals().context("cannot listen for Ctrl-C")?;
    // Before the build, so that a port conflict is reported at once.
    let proxy = ports::exactly(arguments.port).map_err(taken)?;

    let built = if arguments.no_build {
        build::built_before(&packages).map(Built::Programs)
    } else {
        console.info(format_args!("Building {}", packages.join(" and ")));
        build::build(root, &packages, &events)
    };
    let mut programs = match built.map_err(no_programs)? {
        Built::Programs(programs) => programs,
        // cargo has printed the error.
        Built::CargoFailed => return Ok(ExitStatus::Failed),
        Built::Interrupted => return Ok(ExitStatus::Interrupted),
    };

    // `--port 0`: free ports for the other listeners too.
    let preferred = |port| if arguments.port == 0 { 0 } else { port };
    let app_port = service.app.port;
    let app = ports::preferably(preferred(app_port)).context("cannot find a port for the app")?;
    let admin =
        ports::preferably(preferred(ADMIN_PORT)).context("cannot find a port for the proxy's metrics")?;
    let places = LocalPlaces {
        app: app.address(),
        proxy: proxy.address(),
        admin: admin.address(),
        source: root.display().to_string(),
    };
    drop((app, admin, proxy));
    if arguments.port != 0 && places.app.port() != app_port {
        console.info(format_args!(
            "Port {app_port} is in use; the app listens on {} instead",
            places.app.port()
        ));
    }
    console.detail(format_args!("metrics: http://{}/metrics", places.admin));
    if service.app.is_the_site() {
        console.info(format_args!(
            "Serving pages from {}: edit templates/ or static/, then reload",
            places.source
        ));
    }
    let mut containers = service.containers(Runtime::Local(&places));
    for container in &mut containers {
        if !container.is_package {
            // Paths in the command are relative to the workspace, as in its image.
            std::env::set_current_dir(root).context("cannot enter the workspace")?;
            programs.insert(container.package, program_of(container).into());
        }
    }
    let plan = Plan {
        containers: containers.into(),
        programs,
        secrets,
        public_url: format!("http://localhost:{}", places.proxy.port()),
        supervisor: Supervisor::start()
            .inspect_err(|error| console.detail(format_args!("no supervisor: {error}")))
            .ok(),
    };
    session::run(plan, &events, console)
}

/// Takes the program from the command of an app that cargo does not build.
fn program_of(container: &mut Container) -> String {
    let mut words = std::mem::take(&mut container.command).into_iter();
    let program = words.next().unwrap_or_default();
    container.command = words.collect();
    program
}

fn no_command() -> Failure {
    Failure::new(
        ExitStatus::SettingsInvalid,
        "`app.command` is not set: only the image of the app knows how to start it",
    )
    .hint("add for example `command = [\"python3\", \"app.py\"]` to `[app]` in infra.toml, or use `docker compose up`")
}

fn no_secrets(error: NoSecretValues) -> Failure {
    let failure = Failure::new(ExitStatus::SettingsInvalid, error.to_string());
    match error {
        NoSecretValues::Missing(_) => failure.hint(format!(
            "copy {ENV_EXAMPLE} to {ENV_FILE}, which git ignores, and add the values; `infra compose --env-example` prints it"
        )),
        NoSecretValues::Unreadable(cause) => failure.caused_by(cause),
        NoSecretValues::Line(_) => failure,
    }
}

/// Runs the hidden verb of [`supervisor`].
pub(super) fn supervise() -> Result<ExitStatus> {
    supervisor::supervise(std::io::stdin().lock())
        .context("cannot read the list of processes to supervise")?;
    Ok(ExitStatus::Done)
}

fn taken(error: PortError) -> Failure {
    let failure = Failure::failed(error.to_string());
    match error {
        PortError::Taken { port, owner } => {
            let failure = match owner {
                Some(Owner { name, .. }) if name == "infra" || name.starts_with("penguin-") => failure.hint(
                    format!("`infra local` seems to be running already: http://localhost:{port}"),
                ),
                Some(_) => failure,
                None => failure
                    .hint("it belongs to another user's process, possibly a container: see `docker ps`"),
            };
            match (1..20).find_map(|step| ports::exactly(port.checked_add(step)?).ok()) {
                Some(free) => failure.hint(format!(
                    "pass `--port {}` (free now), or `--port 0` for any free port",
                    free.address().port()
                )),
                None => failure.hint("pass `--port 0` for any free port"),
            }
        }
        PortError::Forbidden { .. } => failure.hint("use a port from 1024, or `--port 0` for any free port"),
        PortError::Other { source, .. } => failure.caused_by(source),
    }
}

fn no_programs(error: BuildError) -> Failure {
    let failure = Failure::failed(error.to_string());
    match error {
        BuildError::NoCargo(source) => failure
            .caused_by(source)
            .hint("install Rust from https://rustup.rs"),
        BuildError::NoFolder(source) => failure.caused_by(source),
        BuildError::Missing(_) => failure.hint("omit `--no-build` to build it"),
        BuildError::NotBuilt(_) => failure,
    }
}
