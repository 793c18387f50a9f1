//! Settings: read from flags and environment variables by clap, and validated while they are read.
//!
//! Nothing else reads the environment.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{Args, ValueEnum};
use http::Uri;
use tracing::Level;

/// The settings that every subcommand takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Settings")]
pub struct Config {
    /// Address and port to serve on
    ///
    /// `[::]` is every address of the machine, IPv4 included; where the machine has no IPv6, `0.0.0.0` is taken
    /// instead.
    #[arg(long, env = "APP_LISTEN", value_name = "ADDRESS:PORT", default_value = "[::]:3000", value_parser = listen)]
    pub listen: SocketAddr,

    /// Where visitors find the site: for canonical links, the sitemap and shared links
    #[arg(long, env = "APP_PUBLIC_URL", value_name = "URL", default_value = "http://localhost:8080", value_parser = public_url)]
    pub public_url: String,

    /// How long requests in flight may take to finish once the server is told to stop
    #[arg(long, env = "APP_DRAIN_TIMEOUT", value_name = "DURATION", default_value = "10s", value_parser = drain_timeout)]
    pub drain_timeout: Duration,

    /// How log lines look
    #[arg(long, env = "APP_LOG_FORMAT", value_name = "FORMAT", default_value = "auto")]
    pub log_format: LogFormat,

    /// Least important log lines to write: error, warn, info, debug (one line per request), trace
    #[arg(long, env = "APP_LOG_LEVEL", value_name = "LEVEL", default_value = "info")]
    pub log_level: Level,

    /// Whether search engines may list the site
    #[arg(long, env = "APP_INDEXING", value_name = "POLICY", default_value = "deny")]
    pub indexing: Indexing,

    /// SMTP server that takes messages from the contact form
    ///
    /// `smtps://user:password@mail.example.com`, `smtp://user:password@mail.example.com:587?tls=required`, or
    /// `smtp://localhost:25`.
    #[arg(long, env = "APP_SMTP_URL", value_name = "URL", hide_env_values = true)]
    pub smtp_url: Option<Secret>,

    /// Folder for messages from the contact form where there is no SMTP server
    #[arg(long, env = "APP_DATA_DIR", value_name = "FOLDER", value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub data_dir: Option<PathBuf>,

    /// Development: serve the files of this checkout, and show a change at the next reload
    ///
    /// Unset, the files that were put into the program when it was built are served.
    #[arg(long, env = "APP_SOURCE_DIR", value_name = "FOLDER", value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub source_dir: Option<PathBuf>,
}

/// Whether search engines may list the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Indexing {
    /// This is the public site
    Allow,
    /// This is a copy, for development or staging
    Deny,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere
    Auto,
    /// One JSON object per line
    Json,
    /// For people
    Text,
}

/// A value that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(secret)")
    }
}

impl Config {
    /// Takes an empty value for none: compose files write `${NAME:-}`.
    #[must_use]
    pub fn without_empty_values(mut self) -> Self {
        self.smtp_url = self.smtp_url.filter(|url| !url.0.is_empty());
        self.data_dir = self.data_dir.filter(|folder| !folder.as_os_str().is_empty());
        self.source_dir = self.source_dir.filter(|folder| !folder.as_os_str().is_empty());
        self
    }
}

/// Returns a command that takes the settings and nothing else.
pub fn arguments() -> clap::Command {
    Config::augment_args(clap::Command::new("settings"))
}

/// Returns the environment variables that look like settings and are none: most likely a slip of the finger.
pub fn unknown_variables() -> Vec<String> {
    let command = arguments();
    let known: Vec<_> = command.get_arguments().filter_map(clap::Arg::get_env).collect();
    let mut unknown: Vec<_> = std::env::vars_os()
        .filter(|(name, _)| !known.contains(&name.as_os_str()))
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.starts_with("APP_"))
        .collect();
    unknown.sort_unstable();
    unknown
}

fn listen(value: &str) -> Result<SocketAddr, &'static str> {
    value
        .parse()
        .map_err(|_| "write an IP address and a port, such as [::]:3000 or 127.0.0.1:3000")
}

/// Reads a scheme and a host; the slash at the end is dropped.
fn public_url(value: &str) -> Result<String, &'static str> {
    const FORM: &str = "write scheme and host, such as https://www.example.com";
    let uri: Uri = value.parse().map_err(|_| FORM)?;
    match (uri.scheme_str(), uri.authority(), uri.path_and_query()) {
        (Some(scheme @ ("http" | "https")), Some(authority), Some(rest))
            // A user name would be shown to every visitor.
            if rest == "/" && !authority.as_str().contains('@') && !value.contains('#') =>
        {
            Ok(format!("{scheme}://{authority}"))
        }
        _ => Err(FORM),
    }
}

/// Fargate kills a container 120 s after it was told to stop.
const LONGEST_DRAIN: Duration = Duration::from_secs(110);

fn drain_timeout(value: &str) -> Result<Duration, &'static str> {
    let duration = humantime::parse_duration(value).unwrap_or_default();
    if duration.is_zero() || duration > LONGEST_DRAIN {
        return Err("write a number with a unit, such as 10s; at least 1ms and at most 110s");
    }
    Ok(duration)
}

#[cfg(test)]
mod tests;
