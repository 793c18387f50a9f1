//! `infra compose`: prints `docker-compose.yml`.

use anyhow::{Context as _, Result};

use crate::compose_file;
use crate::console::Console;
use crate::exit::ExitStatus;

/// Prints the file to stdout.
pub(super) fn run(console: &Console) -> Result<ExitStatus> {
    console
        .data(compose_file::render())
        .context("cannot print docker-compose.yml")?;
    Ok(ExitStatus::Done)
}
