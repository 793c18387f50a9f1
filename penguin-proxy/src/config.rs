//! The checked configuration: nothing in it can be wrong any more.
//!
//! The only module that turns settings into values; no other reads the environment. All faults are reported at once,
//! each with the variable, the value and the remedy, before a port is bound.

mod arguments;
mod parse;
mod policy;
mod upstream_address;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use http::HeaderValue;
use tracing::Level;

pub use self::arguments::Arguments;
use self::parse::Refused;
pub use self::upstream_address::UpstreamAddress;
use crate::compression::Compression;
use crate::drain::DrainPlan;
use crate::forwarding::Forwarding;
use crate::request_rules::RequestRules;
use crate::telemetry::LogFormat;

/// Client connections outlive the load balancer's idle timeout by this much, so that the load balancer closes first.
const BEYOND_THE_LOAD_BALANCER: Duration = Duration::from_secs(15);

/// Long enough for a phone in a tunnel, short enough for those who drip on purpose.
const RATE_WINDOW: Duration = Duration::from_secs(10);

/// What the app speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamProtocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 without TLS, from the first byte.
    H2c,
}

/// Everything that the proxy can be told.
#[derive(Clone, Debug)]
pub struct Config {
    /// The app.
    pub upstream: UpstreamAddress,
    /// What the app speaks.
    pub upstream_protocol: UpstreamProtocol,
    /// Address for traffic.
    pub listen: SocketAddr,
    /// Address of the admin endpoints.
    pub admin_listen: SocketAddr,
    /// Path that the proxy answers itself.
    pub health_path: String,
    /// Path at which the app says whether it is well, if it is asked.
    pub upstream_health_path: Option<String>,
    /// What happens when, after SIGTERM.
    pub drain: DrainPlan,
    /// All limits in time.
    pub timeouts: Timeouts,
    /// All limits in size and number.
    pub bounds: Bounds,
    /// Which requests are passed on.
    pub rules: RequestRules,
    /// What changes in them on the way.
    pub forwarding: Forwarding,
    /// Which answers are compressed.
    pub compression: Compression,
    /// Serving threads.
    pub threads: usize,
    /// Format of both logs.
    pub log_format: LogFormat,
    /// From which level on the operational log tells.
    pub log_level: Level,
}

/// Limits in time. Each one ends in a documented status and termination code.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// An idle client connection is closed after this.
    pub client_idle: Duration,
    /// An idle connection to the app is no longer used after this.
    pub upstream_idle: Duration,
    /// From the first byte of a request's head to its last.
    pub head: Duration,
    /// One attempt to connect to the app.
    pub connect: Duration,
    /// From the request to the first byte of its answer.
    pub first_byte: Duration,
    /// A client that takes no byte of its answer.
    pub send: Duration,
    /// A client that closed its sending side and waits.
    pub half_close: Duration,
    /// Span of waiting for the client over which the rate of an upload is judged.
    pub rate_window: Duration,
    /// A request waits this long for an app that cannot be reached.
    pub hold: Duration,
}

/// Limits in size and number.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes a second that an upload must reach.
    pub min_body_rate: u64,
    /// Requests waiting for an app that cannot be reached.
    pub held: usize,
    /// Client connections.
    pub connections: usize,
    /// Requests that the app has not begun to answer.
    pub in_flight: usize,
    /// Requests that wait for one of those places.
    pub queued: usize,
    /// Requests per second from one client.
    pub client_rate: Option<u32>,
}

/// One setting that cannot be used.
#[derive(Debug)]
pub struct Problem {
    variable: &'static str,
    value: String,
    reason: String,
    remedy: String,
}

/// Every setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub struct ConfigError(Vec<Problem>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let Problem {
                variable,
                value,
                reason,
                remedy,
            } = problem;
            let gap = if index == 0 { "" } else { "\n" };
            write!(f, "{gap}{variable}={value:?} {reason}\n  hint: {remedy}")?;
        }
        Ok(())
    }
}

/// Collects faults, so that one start tells of all of them.
struct Check {
    problems: Vec<Problem>,
}

impl Check {
    fn value<T>(
        &mut self,
        variable: &'static str,
        text: &str,
        parse: impl Fn(&str) -> Result<T, Refused>,
    ) -> Option<T> {
        let parsed = if text.trim().is_empty() {
            Err(Refused::new(
                "is empty",
                "give it a value, or remove the variable to have the default",
            ))
        } else {
            parse(text.trim())
        };
        match parsed {
            Ok(value) => Some(value),
            Err(Refused { reason, remedy }) => {
                let (value, remedy) = (text.to_owned(), remedy.to_owned());
                self.problems.push(Problem {
                    variable,
                    value,
                    reason,
                    remedy,
                });
                None
            }
        }
    }
}

impl Config {
    /// Checks every setting.
    ///
    /// # Errors
    ///
    /// Names every setting that cannot be used, with what to write instead.
    pub fn new(arguments: &Arguments) -> Result<Self, ConfigError> {
        let mut check = Check { problems: Vec::new() };
        let config = Self::checked(arguments, &mut check);
        match config {
            Some(config) if check.problems.is_empty() => Ok(config),
            _ => Err(ConfigError(check.problems)),
        }
    }

    /// Every setting is looked at before the first `?`, so that all faults are collected.
    fn checked(raw: &Arguments, check: &mut Check) -> Option<Self> {
        let upstream = check.value("PROXY_UPSTREAM", &raw.upstream, upstream_address::parse);
        let upstream_protocol = check.value(
            "PROXY_UPSTREAM_PROTOCOL",
            &raw.upstream_protocol,
            policy::upstream_protocol,
        );
        let listen = check.value("PROXY_LISTEN", &raw.listen, parse::listen_address);
        let admin_listen = check.value("PROXY_ADMIN_LISTEN", &raw.admin_listen, parse::listen_address);
        let health_path = check.value("PROXY_HEALTH_PATH", &raw.health_path, parse::path);
        let upstream_health_path =
            check.value("PROXY_UPSTREAM_HEALTH_PATH", &raw.upstream_health_path, |text| {
                policy::upstream_health_path(text, upstream_protocol)
            });
        let pre_drain = check.value("PROXY_PRE_DRAIN", &raw.pre_drain, parse::duration);
        let stop_timeout = check.value("PROXY_STOP_TIMEOUT", &raw.stop_timeout, parse::positive);
        let drain_idle = check.value("PROXY_DRAIN_IDLE", &raw.drain_idle, parse::duration);
        let lb_idle = check.value("PROXY_LB_IDLE_TIMEOUT", &raw.lb_idle_timeout, parse::positive);
        let upstream_idle = check.value("PROXY_UPSTREAM_IDLE", &raw.upstream_idle, parse::duration);
        let head = check.value("PROXY_HEAD_TIMEOUT", &raw.head_timeout, parse::positive);
        let connect = check.value("PROXY_CONNECT_TIMEOUT", &raw.connect_timeout, parse::positive);
        let first_byte = check.value(
            "PROXY_FIRST_BYTE_TIMEOUT",
            &raw.first_byte_timeout,
            parse::positive,
        );
        let send = check.value("PROXY_SEND_TIMEOUT", &raw.send_timeout, parse::positive);
        let half_close = check.value("PROXY_HALF_CLOSE", &raw.half_close, parse::duration);
        let hold = check.value("PROXY_HOLD", &raw.hold, parse::duration);
        let body = check.value("PROXY_MAX_BODY", &raw.max_body, policy::max_body);
        let min_body_rate = check.value("PROXY_MIN_BODY_RATE", &raw.min_body_rate, parse::size);
        let most_held = check.value("PROXY_MAX_HELD", &raw.max_held, parse::count);
        let connections = check.value("PROXY_MAX_CONNECTIONS", &raw.max_connections, parse::count);
        let in_flight = check.value("PROXY_MAX_IN_FLIGHT", &raw.max_in_flight, parse::count);
        let queued = check.value("PROXY_MAX_QUEUED", &raw.max_queued, parse::count);
        let client_rate = check.value("PROXY_CLIENT_RATE", &raw.client_rate, policy::client_rate);
        let compression = check.value("PROXY_COMPRESSION", &raw.compression, policy::compression);
        let rules = check.value("PROXY_METHODS", &raw.methods, |text| {
            policy::rules(text, body.unwrap_or_default())
        });
        let trusted = check.value("PROXY_TRUSTED", &raw.trusted, policy::networks);
        let hsts = check.value("PROXY_HSTS", &raw.hsts, policy::hsts);
        let threads = check.value("PROXY_THREADS", &raw.threads, policy::threads);
        let log_format = check.value("PROXY_LOG_FORMAT", &raw.log_format, policy::log_format);
        let log_level = check.value("PROXY_LOG", &raw.log, policy::log_level);
        let drain = match (pre_drain, stop_timeout, drain_idle) {
            (Some(pre_drain), Some(stop_timeout), Some(drain_idle)) => {
                check.value("PROXY_PRE_DRAIN", &raw.pre_drain, |_| {
                    DrainPlan::new(pre_drain, stop_timeout, drain_idle)
                        .map_err(|misfit| Refused::new(misfit.to_string(), crate::drain::REMEDY))
                })
            }
            _ => None,
        };
        Some(Self {
            upstream: upstream?,
            upstream_protocol: upstream_protocol?,
            listen: listen?,
            admin_listen: admin_listen?,
            health_path: health_path?,
            upstream_health_path: upstream_health_path?,
            drain: drain?,
            timeouts: Timeouts {
                client_idle: lb_idle? + BEYOND_THE_LOAD_BALANCER,
                upstream_idle: upstream_idle?,
                head: head?,
                connect: connect?,
                first_byte: first_byte?,
                send: send?,
                half_close: half_close?,
                rate_window: RATE_WINDOW,
                hold: hold?,
            },
            bounds: Bounds {
                min_body_rate: min_body_rate?,
                held: most_held?,
                connections: connections?,
                in_flight: in_flight?,
                queued: queued?,
                client_rate: client_rate?,
            },
            rules: rules?,
            forwarding: Forwarding {
                trusted: trusted?,
                hsts: hsts?,
            },
            compression: compression?,
            threads: threads?,
            log_format: log_format?,
            log_level: log_level?,
        })
    }

    /// Setting and effective value, in the order of the README's table.
    pub fn effective(&self) -> Vec<(&'static str, String)> {
        let duration = |d: Duration| humantime::format_duration(d).to_string();
        let Self {
            timeouts,
            bounds,
            drain,
            ..
        } = self;
        vec![
            ("PROXY_UPSTREAM", self.upstream.to_string()),
            (
                "PROXY_UPSTREAM_PROTOCOL",
                policy::upstream_protocol_name(self.upstream_protocol).to_owned(),
            ),
            ("PROXY_LISTEN", self.listen.to_string()),
            ("PROXY_ADMIN_LISTEN", self.admin_listen.to_string()),
            ("PROXY_HEALTH_PATH", self.health_path.clone()),
            (
                "PROXY_UPSTREAM_HEALTH_PATH",
                self.upstream_health_path.clone().unwrap_or_else(off),
            ),
            ("PROXY_PRE_DRAIN", duration(drain.pre_drain())),
            ("PROXY_STOP_TIMEOUT", duration(drain.stop_timeout())),
            ("PROXY_DRAIN_IDLE", duration(drain.idle())),
            (
                "PROXY_LB_IDLE_TIMEOUT",
                duration(timeouts.client_idle.saturating_sub(BEYOND_THE_LOAD_BALANCER)),
            ),
            ("PROXY_UPSTREAM_IDLE", duration(timeouts.upstream_idle)),
            ("PROXY_HEAD_TIMEOUT", duration(timeouts.head)),
            ("PROXY_MIN_BODY_RATE", format!("{}B", bounds.min_body_rate)),
            ("PROXY_CONNECT_TIMEOUT", duration(timeouts.connect)),
            ("PROXY_FIRST_BYTE_TIMEOUT", duration(timeouts.first_byte)),
            ("PROXY_SEND_TIMEOUT", duration(timeouts.send)),
            ("PROXY_HALF_CLOSE", duration(timeouts.half_close)),
            ("PROXY_HOLD", duration(timeouts.hold)),
            ("PROXY_MAX_HELD", bounds.held.to_string()),
            ("PROXY_MAX_BODY", policy::max_body_name(self.rules.max_body())),
            ("PROXY_MAX_CONNECTIONS", bounds.connections.to_string()),
            ("PROXY_MAX_IN_FLIGHT", bounds.in_flight.to_string()),
            ("PROXY_MAX_QUEUED", bounds.queued.to_string()),
            (
                "PROXY_CLIENT_RATE",
                bounds.client_rate.map_or_else(off, |rate| rate.to_string()),
            ),
            ("PROXY_METHODS", text(self.rules.allow())),
            ("PROXY_TRUSTED", self.forwarding.trusted.to_string()),
            ("PROXY_HSTS", self.forwarding.hsts.as_ref().map_or_else(off, text)),
            (
                "PROXY_COMPRESSION",
                if self.compression.enabled { "on" } else { "off" }.to_owned(),
            ),
            ("PROXY_THREADS", self.threads.to_string()),
            ("PROXY_LOG_FORMAT", self.log_format.to_string()),
            ("PROXY_LOG", self.log_level.as_str().to_ascii_lowercase()),
        ]
    }
}

/// What is not there.
fn off() -> String {
    "off".to_owned()
}

/// Field values that this module made from text.
fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::defaults;

    fn refusal(change: impl FnOnce(&mut Arguments)) -> String {
        let mut arguments = defaults();
        change(&mut arguments);
        match Config::new(&arguments) {
            Ok(config) => format!("taken: {config:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_defaults_are_usable() {
        let config = Config::new(&defaults()).unwrap();
        assert_eq!(config.timeouts.client_idle, Duration::from_secs(75));
        assert_eq!(config.rules.max_body(), 1 << 20);
    }

    #[test]
    fn every_fault_is_told_at_once() {
        insta::assert_snapshot!(refusal(|a| {
            a.upstream = "http://app:3000".into();
            a.listen = "8080".into();
            a.head_timeout = "10".into();
            a.max_body = "lots".into();
            a.methods = "GET,TRACE".into();
            a.log_format = "xml".into();
            a.log = "loud".into();
            a.hold = String::new();
        }));
    }

    #[test]
    fn a_drain_that_does_not_fit_is_refused() {
        insta::assert_snapshot!(refusal(|a| a.stop_timeout = "10s".into()));
    }
}
