//! `infra compose`: prints `docker-compose.yml`, or `.env.example`.

use anyhow::{Context as _, Result};

use super::settings;
use crate::cli::{Compose, Global};
use crate::compose_file;
use crate::console::Console;
use crate::exit::ExitStatus;

/// Prints the file to stdout.
pub(super) fn run(arguments: &Compose, global: &Global, console: &Console) -> Result<ExitStatus> {
    let service = settings::local_service(global)?;
    let text = if arguments.env_example {
        let text = compose_file::env_example(&service);
        if text.is_none() {
            console.info("the app has no secrets: `[app]` in infra.toml");
        }
        text.unwrap_or_default()
    } else {
        compose_file::render(&service)
    };
    console.data(text).context("cannot print the file")?;
    Ok(ExitStatus::Done)
}
