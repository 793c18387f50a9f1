//! `infra local`: the site behind its proxy on this machine.

use anyhow::{Context as _, Result};

use crate::cli;
use crate::console::Console;
use crate::exit::{ExitStatus, Failure};
use crate::local::build::{self, BuildError, Built};
use crate::local::events::Events;
use crate::local::ports::{self, Owner, PortError};
use crate::local::session::{self, Plan};
use crate::local::warden::{self, Warden};
use crate::local::workspace;
use crate::service::{APP_PORT, LocalPlaces, Runtime, containers};

/// Port of the proxy's admin endpoints, if it is free.
const ADMIN_PORT: u16 = 9901;

/// Builds and runs both programs until Ctrl-C.
pub(super) fn run(arguments: &cli::Local, console: &Console) -> Result<ExitStatus> {
    let here = std::env::current_dir().context("cannot find the folder that you are in")?;
    let root = workspace::find(&here)
        .map_err(|error| Failure::failed(error.to_string()).hint("`cd` into the checkout first"))?;
    let events = Events::with_signals().context("cannot listen for Ctrl-C")?;
    // Before the build: nobody wants to wait for a compiler to hear that a port is taken.
    let proxy = ports::exactly(arguments.port).map_err(taken)?;

    let packages = containers(Runtime::Compose).map(|container| container.package);
    let built = if arguments.no_build {
        build::built_before(&packages).map(Built::Programs)
    } else {
        console.say(format_args!("Building {}", packages.join(" and ")));
        build::build(root, &packages, &events)
    };
    let programs = match built.map_err(no_programs)? {
        Built::Programs(programs) => programs,
        // cargo has the last word: it has said what is wrong, and where.
        Built::CargoFailed => return Ok(ExitStatus::Failed),
        Built::Interrupted => return Ok(ExitStatus::Interrupted),
    };

    // Who wants any free port for the site has none in mind for the rest either.
    let preferred = |port| if arguments.port == 0 { 0 } else { port };
    let app = ports::preferably(preferred(APP_PORT)).context("cannot find a port for the app")?;
    let admin =
        ports::preferably(preferred(ADMIN_PORT)).context("cannot find a port for the proxy's metrics")?;
    let places = LocalPlaces {
        app: app.address(),
        proxy: proxy.address(),
        admin: admin.address(),
        source: root.display().to_string(),
    };
    // From here on they belong to the programs.
    drop((app, admin, proxy));
    if arguments.port != 0 && places.app.port() != APP_PORT {
        console.say(format_args!(
            "Port {APP_PORT} is taken: the app is on {} instead",
            places.app.port()
        ));
    }
    console.detail(format_args!("metrics: http://{}/metrics", places.admin));
    console.say(format_args!(
        "Pages come from {}: edit templates/ or static/, then reload",
        places.source
    ));
    let plan = Plan {
        containers: containers(Runtime::Local(&places)).into(),
        programs,
        public_url: format!("http://localhost:{}", places.proxy.port()),
        warden: Warden::start()
            .inspect_err(|error| console.detail(format_args!("no warden: {error}")))
            .ok(),
    };
    session::run(plan, &events, console)
}

/// `infra local-warden`: see [`warden`].
pub(super) fn keep_watch() -> Result<ExitStatus> {
    warden::keep_watch(std::io::stdin().lock()).context("cannot read which processes to watch")?;
    Ok(ExitStatus::Done)
}

fn taken(error: PortError) -> Failure {
    let failure = Failure::failed(error.to_string());
    match error {
        PortError::Taken { port, owner } => {
            let failure = match owner {
                Some(Owner { name, .. }) if name == "infra" || name.starts_with("penguin-") => failure.hint(
                    format!("the school seems to be open already: http://localhost:{port}"),
                ),
                Some(_) => failure,
                None => {
                    failure.hint("by another user's program, perhaps a container: `docker ps` shows those")
                }
            };
            match (1..20).find_map(|step| ports::exactly(port.checked_add(step)?).ok()) {
                Some(free) => failure.hint(format!(
                    "`--port {}` is free, `--port 0` takes any that is",
                    free.address().port()
                )),
                None => failure.hint("`--port 0` takes one that is free"),
            }
        }
        PortError::Forbidden { .. } => {
            failure.hint("ports from 1024 on are for everybody; `--port 0` takes a free one")
        }
        PortError::Other { source, .. } => failure.caused_by(source),
    }
}

fn no_programs(error: BuildError) -> Failure {
    let failure = Failure::failed(error.to_string());
    match error {
        BuildError::NoCargo(source) => failure.caused_by(source).hint("https://rustup.rs installs it"),
        BuildError::NoFolder(source) => failure.caused_by(source),
        BuildError::Missing(_) => failure.hint("without `--no-build` cargo builds it first"),
        BuildError::NotBuilt(_) => failure,
    }
}
