//! Verbs that run the service on this machine.

use clap::Args;

/// Print docker-compose.yml
///
/// The two containers as `docker compose up` runs them. The file in the repository is this output. It comes from the description that the Fargate task is made of too.
#[derive(Args, Debug)]
pub struct Compose {}

/// Run the site behind its proxy on this machine, without Docker and without AWS
///
/// Builds both programs, starts the app, waits until it is healthy, then starts the proxy: the order, the
/// environment, the health checks and the stop signal of the Fargate task. Templates and static files are read
/// from the checkout, so that an edit shows when the page is reloaded.
///
/// Ctrl-C drains the proxy, then the app. A second Ctrl-C ends both at once.
#[derive(Args, Debug)]
pub struct Local {
    /// Port of the site on this machine; 0 takes free ones for everything
    #[arg(long, value_name = "PORT", default_value_t = crate::service::PROXY_PORT)]
    pub port: u16,
    /// Run what was built before, without asking cargo
    #[arg(long)]
    pub no_build: bool,
}
