//! `penguin-app serve`: renders the site, opens the port, serves, drains.

use std::sync::Arc;

use anyhow::Context as _;

use super::Failure;
use crate::config::{self, Config};
use crate::publication::Publication;
use crate::router::{self, Shared};
use crate::server::limits::Limits;
use crate::server::{self, listen};
use crate::{shutdown, telemetry};

pub(super) fn run(config: Config) -> Result<(), Failure> {
    telemetry::install(config.log_format, config.log_level)
        .context("cannot write a log")
        .map_err(Failure::Work)?;
    let publication = Publication::open(config.source_dir.clone(), &config.public_url)
        .map_err(|error| Failure::Input(error.into()))?;
    // Every answer is in memory already: one thread serves more than a task's share of a processor can send.
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")
        .and_then(|runtime| runtime.block_on(serve(config, publication)))
        .map_err(Failure::Work)
}

async fn serve(config: Config, publication: Publication) -> anyhow::Result<()> {
    for variable in config::unknown_variables() {
        tracing::warn!(
            variable,
            "this variable means nothing to us, is it spelled right?"
        );
    }
    let shutdown = shutdown::on_signals().context("cannot listen for signals")?;
    let edition = publication.view().await.edition;
    let shared = Shared {
        publication: Arc::new(publication),
        shutdown: shutdown.clone(),
    };
    let router = router::router(&edition, shared);
    let listener = listen::open(config.listen)?;
    tracing::info!(
        address = %listener.local_addr()?,
        pages = edition.pages.len(),
        source_dir = config.source_dir.as_deref().map(tracing::field::debug),
        "listening"
    );
    drop(edition);
    server::run(
        listener,
        router,
        shutdown,
        Limits::with_drain(config.drain_timeout),
    )
    .await;
    Ok(())
}
