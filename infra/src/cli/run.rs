//! Verbs that run the service locally.

use clap::Args;

/// Print docker-compose.yml
///
/// Defines the two containers for `docker compose up`, from the same description as the Fargate task and with the settings of dev. The file in the repository is this output.
#[derive(Args, Debug)]
pub struct Compose {
    /// Print .env.example instead: the secrets that .env must contain
    #[arg(long)]
    pub env_example: bool,
}

/// Run the site and its proxy locally, without Docker or AWS
///
/// Builds both programs, starts the app, waits until it is healthy, then starts the proxy. Start order,
/// environment, health checks and stop signal are those of the Fargate task. Templates and static files are read
/// from the checkout: edit them and reload the page.
///
/// Ctrl-C drains the proxy, then the app. A second Ctrl-C stops both immediately.
#[derive(Args, Debug)]
pub struct Local {
    /// Port of the site; 0 picks free ports for everything
    #[arg(long, value_name = "PORT", default_value_t = crate::service::PROXY_PORT)]
    pub port: u16,
    /// Skip the cargo build and run the existing binaries
    #[arg(long)]
    pub no_build: bool,
}
