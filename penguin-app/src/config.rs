//! What can be set, and whether it makes sense.
//!
//! [`Options`] is what was written: flags, then environment, then defaults, all of them text. [`Config`] is what it
//! means. Everything past this module sees the latter alone; nothing else reads the environment.

mod public_url;

use std::ffi::OsString;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use thiserror::Error;
use tracing::Level;

pub use public_url::PublicUrl;

/// The options that every subcommand takes, as they were written.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Settings")]
pub struct Options {
    /// Address and port to serve on
    ///
    /// `[::]` is every address of the machine, IPv4 included; where the machine has no IPv6, `0.0.0.0` is taken
    /// instead.
    #[arg(
        long,
        env = "APP_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "[::]:3000"
    )]
    pub listen: String,

    /// Where visitors find the site: for canonical links, the sitemap and shared links
    #[arg(
        long,
        env = "APP_PUBLIC_URL",
        value_name = "URL",
        default_value = "http://localhost:8080"
    )]
    pub public_url: String,

    /// How long requests in flight may take to finish once the server is told to stop
    #[arg(
        long,
        env = "APP_DRAIN_TIMEOUT",
        value_name = "DURATION",
        default_value = "10s"
    )]
    pub drain_timeout: String,

    /// How log lines look: `auto` is `text` on a terminal and `json` elsewhere
    #[arg(long, env = "APP_LOG_FORMAT", value_name = "FORMAT", default_value = "auto")]
    pub log_format: String,

    /// Least important log lines to write: error, warn, info, debug (one line per request), trace
    #[arg(long, env = "APP_LOG_LEVEL", value_name = "LEVEL", default_value = "info")]
    pub log_level: String,

    /// Development: serve `templates/` and `static/` of this folder, and show a change at the next reload
    ///
    /// Unset, the templates and assets that were put into the program when it was built are served.
    #[arg(long, env = "APP_SOURCE_DIR", value_name = "FOLDER")]
    pub source_dir: Option<PathBuf>,
}

/// What the options mean.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address and port to serve on.
    pub listen: SocketAddr,
    /// Where visitors find the site.
    pub public_url: PublicUrl,
    /// How long requests in flight may take to finish.
    pub drain_timeout: Duration,
    /// How log lines look.
    pub log_format: LogFormat,
    /// The least important log lines to write.
    pub log_level: Level,
    /// The folder to serve in development.
    pub source_dir: Option<PathBuf>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// One JSON object per line.
    Json,
    /// For people.
    Text,
}

impl fmt::Display for LogFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Auto => "auto",
            Self::Json => "json",
            Self::Text => "text",
        })
    }
}

/// One option that makes no sense: which, what it was, and what would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The environment variable; the flag is named alike.
    pub variable: &'static str,
    /// What was written.
    pub value: String,
    /// What is wrong with it, and what to write instead.
    pub remedy: String,
}

/// Every option that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct ConfigError(pub Vec<Problem>);

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.0.iter().enumerate() {
            if number > 0 {
                formatter.write_str("\n")?;
            }
            let Problem {
                variable,
                value,
                remedy,
            } = problem;
            write!(formatter, "{variable}={value:?} {remedy}")?;
        }
        Ok(())
    }
}

impl Config {
    /// Makes sense of the options, or says about each that makes none what is wrong with it.
    pub fn read(options: &Options) -> Result<Self, ConfigError> {
        let mut problems = Vec::new();
        let mut check = |variable, value: &str, remedy: Option<String>| {
            if let Some(remedy) = remedy {
                problems.push(Problem {
                    variable,
                    value: value.to_owned(),
                    remedy,
                });
            }
        };
        let listen = listen(&options.listen);
        check("APP_LISTEN", &options.listen, listen.clone().err());
        let public_url = PublicUrl::parse(&options.public_url);
        check("APP_PUBLIC_URL", &options.public_url, public_url.clone().err());
        let drain_timeout = drain_timeout(&options.drain_timeout);
        check(
            "APP_DRAIN_TIMEOUT",
            &options.drain_timeout,
            drain_timeout.clone().err(),
        );
        let log_format = log_format(&options.log_format);
        check("APP_LOG_FORMAT", &options.log_format, log_format.clone().err());
        let log_level = log_level(&options.log_level);
        check("APP_LOG_LEVEL", &options.log_level, log_level.clone().err());
        // Compose files write `${NAME:-}` for "not set".
        let source_dir = options
            .source_dir
            .clone()
            .filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = &source_dir {
            check(
                "APP_SOURCE_DIR",
                &folder.to_string_lossy(),
                source_dir_problem(folder),
            );
        }
        match (listen, public_url, drain_timeout, log_format, log_level) {
            (Ok(listen), Ok(public_url), Ok(drain_timeout), Ok(log_format), Ok(log_level))
                if problems.is_empty() =>
            {
                Ok(Self {
                    listen,
                    public_url,
                    drain_timeout,
                    log_format,
                    log_level,
                    source_dir,
                })
            }
            _ => Err(ConfigError(problems)),
        }
    }
}

/// The variables of the environment that look like ours and mean nothing: most likely a slip of the finger.
pub fn unknown_variables() -> Vec<String> {
    unknown_among(std::env::vars_os().map(|(name, _)| name))
}

fn unknown_among(names: impl Iterator<Item = OsString>) -> Vec<String> {
    const KNOWN: [&str; 6] = [
        "APP_LISTEN",
        "APP_PUBLIC_URL",
        "APP_DRAIN_TIMEOUT",
        "APP_LOG_FORMAT",
        "APP_LOG_LEVEL",
        "APP_SOURCE_DIR",
    ];
    let mut unknown: Vec<_> = names
        .filter_map(|name| name.into_string().ok())
        .filter(|name| name.starts_with("APP_") && !KNOWN.contains(&name.as_str()))
        .collect();
    unknown.sort_unstable();
    unknown
}

fn listen(value: &str) -> Result<SocketAddr, String> {
    const FORM: &str = "write an address and a port, such as [::]:3000 or 127.0.0.1:3000";
    if let Ok(address) = value.parse() {
        return Ok(address);
    }
    let Some((host, port)) = value.rsplit_once(':') else {
        return Err(match value.parse::<u16>() {
            Ok(port) => format!("has no address: write [::]:{port} for every address of this machine"),
            Err(_) => format!("is not an address with a port: {FORM}"),
        });
    };
    let Ok(port) = port.parse::<u16>() else {
        return Err(format!("does not end in a port from 0 to 65535: {FORM}"));
    };
    match host {
        "" | "*" => Err(format!(
            "names no address: write [::]:{port} for every address of this machine"
        )),
        "localhost" => Err(format!("is a name and not an address: write 127.0.0.1:{port}")),
        _ => Err(match host.trim_matches(['[', ']']).parse::<Ipv6Addr>() {
            Ok(ip) => format!("needs brackets around the IPv6 address: write [{ip}]:{port}"),
            Err(_) => format!("does not begin with an IP address: {FORM}"),
        }),
    }
}

/// Fargate kills a container 120 s after it was told to stop, whatever it says.
const LONGEST_DRAIN: Duration = Duration::from_secs(110);

fn drain_timeout(value: &str) -> Result<Duration, String> {
    let Ok(duration) = humantime::parse_duration(value) else {
        return Err("is not a duration: write a number with a unit, such as 10s or 500ms".to_owned());
    };
    if duration.is_zero() {
        Err("would cut every request in flight: write at least 1ms, such as 10s".to_owned())
    } else if duration > LONGEST_DRAIN {
        Err("is longer than a container may take to stop: write at most 110s".to_owned())
    } else {
        Ok(duration)
    }
}

fn log_format(value: &str) -> Result<LogFormat, String> {
    match value {
        "auto" => Ok(LogFormat::Auto),
        "json" => Ok(LogFormat::Json),
        "text" => Ok(LogFormat::Text),
        _ => Err("is not a log format: write auto, json or text".to_owned()),
    }
}

fn log_level(value: &str) -> Result<Level, String> {
    match value {
        "error" => Ok(Level::ERROR),
        "warn" => Ok(Level::WARN),
        "info" => Ok(Level::INFO),
        "debug" => Ok(Level::DEBUG),
        "trace" => Ok(Level::TRACE),
        _ => Err("is not a log level: write error, warn, info, debug or trace".to_owned()),
    }
}

fn source_dir_problem(folder: &Path) -> Option<String> {
    if !folder.is_dir() {
        return Some(
            "is not a folder: name the one that holds templates/ and static/, or unset it".to_owned(),
        );
    }
    let missing: Vec<_> = ["templates", "static"]
        .into_iter()
        .filter(|part| !folder.join(part).is_dir())
        .map(|part| format!("{part}/"))
        .collect();
    (!missing.is_empty()).then(|| {
        format!(
            "holds no {}: name the folder that holds templates/ and static/, or unset it",
            missing.join(" and no ")
        )
    })
}

/// Where a server that listens on `listen` can be asked from the same machine, in the order to try.
pub fn loopback_of(listen: SocketAddr) -> Vec<SocketAddr> {
    let v4 = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), listen.port());
    let v6 = SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), listen.port());
    match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => vec![v4],
        // IPv4 first: it is there also where the server had to do without IPv6.
        IpAddr::V6(ip) if ip.is_unspecified() => vec![v4, v6],
        _ => vec![listen],
    }
}

#[cfg(test)]
mod tests;
