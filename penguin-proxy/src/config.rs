//! Validated configuration.
//!
//! The only module that turns settings into values; no other module reads the environment. All errors are reported at
//! once, with variable, value and hint, before a port is bound.

mod error_page;
mod metrics_log;
mod parse;
mod policy;
mod problems;
mod read_timeout;
mod settings;
mod upstream;
mod upstream_address;

use std::net::SocketAddr;
use std::time::Duration;

use http::HeaderValue;
use tracing::Level;

pub use self::metrics_log::MetricsLog;
use self::parse::Refused;
use self::problems::Check;
pub use self::problems::{ConfigError, Problem};
pub use self::read_timeout::ReadTimeout;
pub use self::settings::Arguments;
use self::settings::VARIABLES;
pub use self::upstream::{HealthCheck, UpstreamProtocol};
pub use self::upstream_address::UpstreamAddress;
use crate::access_log::QueryLogging;
use crate::compression::Compression;
use crate::drain::DrainPlan;
use crate::error_page::ErrorPage;
use crate::forwarding::{Forwarding, Via};
use crate::request_rules::RequestRules;
use crate::telemetry::LogFormat;

/// Client connections outlive the load balancer's idle timeout by this much, so that the load balancer closes first.
const BEYOND_THE_LOAD_BALANCER: Duration = Duration::from_secs(15);

/// Long enough for a phone in a tunnel, short enough for those who drip on purpose.
const RATE_WINDOW: Duration = Duration::from_secs(10);

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
    /// Name of the release in the response to the health check.
    pub release: Option<HeaderValue>,
    /// How the app is asked whether it is well, if it is.
    pub upstream_health: Option<HealthCheck>,
    /// What happens when, after SIGTERM.
    pub drain: DrainPlan,
    /// All limits in time.
    pub timeouts: Timeouts,
    /// All limits in size and number.
    pub bounds: Bounds,
    /// Which requests are forwarded.
    pub rules: RequestRules,
    /// What changes in them on the way.
    pub forwarding: Forwarding,
    /// Which answers are compressed.
    pub compression: Compression,
    /// The HTML page for errors that the proxy answers itself.
    pub error_page: ErrorPage,
    /// File that it comes from, if it is not the neutral one.
    pub error_page_file: Option<String>,
    /// Serving threads.
    pub threads: usize,
    /// Format of both logs.
    pub log_format: LogFormat,
    /// What the access log shows of query strings.
    pub log_query: QueryLogging,
    /// From which level on the operational log tells.
    pub log_level: Level,
    /// Lines with metrics.
    pub metrics_log: MetricsLog,
}

/// Limits in time. Each one ends in a documented status and termination code.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// An idle client connection is closed after this.
    pub client_idle: Duration,
    /// An idle connection to the app is no longer used after this.
    pub upstream_idle: Duration,
    /// From the first byte of a request head to its last.
    pub head: Duration,
    /// One attempt to connect to the app.
    pub connect: Duration,
    /// From the request to the first byte of its response.
    pub first_byte: Duration,
    /// Between two pieces of the app's response.
    pub read: ReadTimeout,
    /// A client that takes no byte of its response.
    pub send: Duration,
    /// An upgraded connection that carries nothing.
    pub tunnel_idle: Duration,
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
    /// The operator asked for so many connections; else as many of them as there are file descriptors for.
    pub connections_required: bool,
    /// Requests that the app has not begun to answer.
    pub in_flight: usize,
    /// Requests that wait for one of those places.
    pub queued: usize,
    /// Requests per second from one client.
    pub client_rate: Option<u32>,
}

impl Config {
    /// Checks every setting.
    ///
    /// # Errors
    ///
    /// Names every setting that cannot be used, with what to write instead.
    pub fn new(arguments: &Arguments) -> Result<Self, ConfigError> {
        let mut check = Check::default();
        let config = Self::checked(arguments, &mut check);
        check.finish(config)
    }

    /// Every setting is looked at before the first `?`, so that all faults are collected.
    fn checked(raw: &Arguments, check: &mut Check) -> Option<Self> {
        let upstream = check.value(VARIABLES.upstream, &raw.upstream, upstream_address::parse);
        let upstream_protocol = check.value(
            VARIABLES.upstream_protocol,
            &raw.upstream_protocol,
            upstream::upstream_protocol,
        );
        let listen = check.value(VARIABLES.listen, &raw.listen, parse::listen_address);
        let admin_listen = check.value(VARIABLES.admin_listen, &raw.admin_listen, parse::listen_address);
        check_loop(raw, check, upstream.as_ref(), [listen, admin_listen]);
        let health_path = check.value(VARIABLES.health_path, &raw.health_path, parse::path);
        let release = check.value(VARIABLES.release, &raw.release, policy::release);
        let upstream_health_path = check.value(
            VARIABLES.upstream_health_path,
            &raw.upstream_health_path,
            |text| upstream::upstream_health_path(text, upstream_protocol),
        );
        let grpc_health = check.value(
            VARIABLES.upstream_grpc_health,
            &raw.upstream_grpc_health,
            |text| upstream::grpc_health(text, upstream_protocol),
        );
        let lb_idle = check.value(VARIABLES.lb_idle_timeout, &raw.lb_idle_timeout, parse::positive);
        let upstream_idle = check.value(VARIABLES.upstream_idle, &raw.upstream_idle, parse::duration);
        let head = check.value(VARIABLES.head_timeout, &raw.head_timeout, parse::positive);
        let connect = check.value(VARIABLES.connect_timeout, &raw.connect_timeout, parse::positive);
        let first_byte = check.value(
            VARIABLES.first_byte_timeout,
            &raw.first_byte_timeout,
            parse::positive,
        );
        let read = check.value(VARIABLES.read_timeout, &raw.read_timeout, read_timeout::parse);
        let send = check.value(VARIABLES.send_timeout, &raw.send_timeout, parse::positive);
        let tunnel_idle = check.value(VARIABLES.tunnel_idle, &raw.tunnel_idle, parse::positive);
        let half_close = check.value(VARIABLES.half_close, &raw.half_close, parse::duration);
        let hold = check.value(VARIABLES.hold, &raw.hold, parse::duration);
        let body = check.value(VARIABLES.max_body, &raw.max_body, policy::max_body);
        let min_body_rate = check.value(VARIABLES.min_body_rate, &raw.min_body_rate, parse::size);
        let most_held = check.value(VARIABLES.max_held, &raw.max_held, parse::count);
        let connections = check.value(
            VARIABLES.max_connections,
            &raw.max_connections,
            policy::connections,
        );
        let in_flight = check.value(VARIABLES.max_in_flight, &raw.max_in_flight, parse::count);
        let queued = check.value(VARIABLES.max_queued, &raw.max_queued, parse::count);
        let client_rate = check.value(VARIABLES.client_rate, &raw.client_rate, policy::client_rate);
        let compression = check.value(VARIABLES.compression, &raw.compression, policy::compression);
        let rules = check.value(VARIABLES.methods, &raw.methods, |text| {
            policy::rules(text, body.unwrap_or_default())
        });
        let forwarding = Self::forwarding(raw, check, upstream_protocol);
        let error_page = check.value(VARIABLES.error_page, &raw.error_page, error_page::read);
        let threads = check.value(VARIABLES.threads, &raw.threads, policy::threads);
        let log_format = check.value(VARIABLES.log_format, &raw.log_format, policy::log_format);
        let log_query = check.value(VARIABLES.log_query, &raw.log_query, policy::log_query);
        let log_level = check.value(VARIABLES.log, &raw.log, policy::log_level);
        let metrics_log = MetricsLog::checked(raw, check);
        let drain = Self::drain(raw, check);
        Some(Self {
            upstream: upstream?,
            upstream_protocol: upstream_protocol?,
            listen: listen?,
            admin_listen: admin_listen?,
            health_path: health_path?,
            release: release?,
            upstream_health: upstream_health_path?.or(grpc_health?),
            drain: drain?,
            timeouts: Timeouts {
                client_idle: lb_idle? + BEYOND_THE_LOAD_BALANCER,
                upstream_idle: upstream_idle?,
                head: head?,
                connect: connect?,
                first_byte: first_byte?,
                read: read?,
                send: send?,
                tunnel_idle: tunnel_idle?,
                half_close: half_close?,
                rate_window: RATE_WINDOW,
                hold: hold?,
            },
            bounds: Bounds {
                min_body_rate: min_body_rate?,
                held: most_held?,
                connections: connections?.unwrap_or(policy::CONNECTIONS),
                connections_required: connections?.is_some(),
                in_flight: in_flight?,
                queued: queued?,
                client_rate: client_rate?,
            },
            rules: rules?,
            forwarding: forwarding?,
            compression: compression?,
            error_page: error_page?,
            error_page_file: (raw.error_page.trim() != "off").then(|| raw.error_page.trim().to_owned()),
            threads: threads?,
            log_format: log_format?,
            log_query: log_query?,
            log_level: log_level?,
            metrics_log: metrics_log?,
        })
    }

    fn drain(raw: &Arguments, check: &mut Check) -> Option<DrainPlan> {
        let pre_drain = check.value(VARIABLES.pre_drain, &raw.pre_drain, parse::duration);
        let stop_timeout = check.value(VARIABLES.stop_timeout, &raw.stop_timeout, parse::positive);
        let idle = check.value(VARIABLES.drain_idle, &raw.drain_idle, parse::duration);
        let (pre_drain, stop_timeout, idle) = (pre_drain?, stop_timeout?, idle?);
        check.value(VARIABLES.pre_drain, &raw.pre_drain, |_| {
            DrainPlan::new(pre_drain, stop_timeout, idle)
                .map_err(|misfit| Refused::new(misfit.to_string(), crate::drain::REMEDY))
        })
    }

    fn forwarding(
        raw: &Arguments,
        check: &mut Check,
        protocol: Option<UpstreamProtocol>,
    ) -> Option<Forwarding> {
        let trusted = check.value(VARIABLES.trusted, &raw.trusted, policy::networks);
        let underscores = check.value(VARIABLES.underscores, &raw.underscores, |text| {
            policy::underscores(text, protocol)
        });
        let tracing = check.value(VARIABLES.trace, &raw.trace, policy::tracing);
        let hsts = check.value(VARIABLES.hsts, &raw.hsts, policy::hsts);
        Some(Forwarding {
            trusted: trusted?,
            hsts: hsts?,
            underscores: underscores?,
            tracing: tracing?,
            via: Via::default(),
        })
    }
}

/// Refuses an upstream that is one of the listeners.
fn check_loop(
    raw: &Arguments,
    check: &mut Check,
    upstream: Option<&UpstreamAddress>,
    [listen, admin_listen]: [Option<SocketAddr>; 2],
) {
    let listeners = [(VARIABLES.listen, listen), (VARIABLES.admin_listen, admin_listen)];
    let Some(upstream) = upstream else { return };
    let looped = |_: &str| upstream.check_loop(&listeners);
    check.value(VARIABLES.upstream, &raw.upstream, looped);
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
    fn defaults_are_valid() {
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
            a.metrics_log = "prometheus".into();
            a.metrics_service = "penguin school".into();
            a.hold = String::new();
        }));
    }

    #[test]
    fn an_upstream_that_is_the_proxy_itself_is_refused() {
        insta::assert_snapshot!(refusal(|a| a.upstream = "localhost:8080".into()));
        let refused =
            |upstream: &str| refusal(|a| a.upstream = upstream.into()).contains("is this proxy itself");
        assert!(refused("127.0.0.1:9901"), "the admin port");
        assert!(!refused("app:8080"), "a name may lead elsewhere");
    }

    #[test]
    fn a_drain_that_does_not_fit_is_refused() {
        insta::assert_snapshot!(refusal(|a| a.stop_timeout = "10s".into()));
    }
}
