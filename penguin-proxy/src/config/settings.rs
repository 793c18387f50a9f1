//! The table of all settings: variable, default, unit, help, effective value.
//!
//! `--help`, the README's table, `penguin-proxy check`, `/config` and the names in error messages come from it.
//! [`super::Config::new`] checks the values.

use std::time::Duration;

use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches};
use http::HeaderValue;

use super::{BEYOND_THE_LOAD_BALANCER, Config, policy, upstream};

macro_rules! settings {
    ($($field:ident: $variable:literal = $default:literal, $unit:literal, $help:literal, $show:expr;)+) => {
        /// Raw settings: every value still a string.
        #[derive(Clone, Debug)]
        pub struct Arguments {
            $(
                #[doc = $help]
                pub $field: String,
            )+
        }

        const SETTINGS: &[Setting] = &[$(Setting {
            id: stringify!($field),
            variable: $variable,
            default: $default,
            unit: $unit,
            help: $help,
        },)+];

        impl FromArgMatches for Arguments {
            fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
                let value = |id| matches.get_one::<String>(id).cloned().unwrap_or_default();
                Ok(Self { $($field: value(stringify!($field)),)+ })
            }

            fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
                *self = Self::from_arg_matches(matches)?;
                Ok(())
            }
        }

        /// The name of each setting's environment variable.
        pub(super) struct Variables {
            $(pub(super) $field: &'static str,)+
        }

        pub(super) const VARIABLES: Variables = Variables { $($field: $variable,)+ };

        impl Config {
            /// Variable and effective value of each setting, in the order of the README's table.
            pub fn effective(&self) -> Vec<(&'static str, String)> {
                let show = |show: fn(&Self) -> String| show(self);
                vec![$(($variable, show($show)),)+]
            }
        }
    };
}

/// What the command line knows of a setting.
struct Setting {
    id: &'static str,
    variable: &'static str,
    default: &'static str,
    unit: &'static str,
    help: &'static str,
}

/// A loop, because clap's derive would write 2 KB of code for each setting.
impl Args for Arguments {
    fn augment_args(command: Command) -> Command {
        SETTINGS.iter().fold(command, |command, setting| {
            // clap takes names that live as long as the program.
            let flag: &'static str = setting.id.replace('_', "-").leak();
            let argument = Arg::new(setting.id).long(flag).help(setting.help);
            command.arg(
                argument
                    .env(setting.variable)
                    .default_value(setting.default)
                    .value_name(setting.unit),
            )
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

settings! {
    upstream: "PROXY_UPSTREAM" = "localhost:3000", "HOST:PORT",
        "The app: a host name, IPv4 address or bracketed IPv6 address, and a port",
        |config| config.upstream.to_string();

    upstream_protocol: "PROXY_UPSTREAM_PROTOCOL" = "http1", "PROTOCOL",
        "Protocol of the app: `http1`, or `h2c` for HTTP/2 without TLS, such as gRPC",
        |config| upstream::upstream_protocol_name(config.upstream_protocol).to_owned();

    listen: "PROXY_LISTEN" = "[::]:8080", "ADDRESS",
        "Address for traffic; `[::]` includes IPv4, and becomes `0.0.0.0` on a host without IPv6",
        |config| config.listen.to_string();

    admin_listen: "PROXY_ADMIN_LISTEN" = "127.0.0.1:9901", "ADDRESS",
        "Address of the admin endpoints: `/live`, `/ready`, `/metrics`, `/config`",
        |config| config.admin_listen.to_string();

    health_path: "PROXY_HEALTH_PATH" = "/healthz/ready", "PATH",
        "Path of the proxy's own health check on the traffic port, for the load balancer",
        |config| config.health_path.clone();

    release: "PROXY_RELEASE" = "off", "NAME",
        "Name of the release, returned in the header `X-Release` of the proxy's own health check; `off`: no header",
        |config| config.release.as_ref().map_or_else(off, text);

    upstream_health_path: "PROXY_UPSTREAM_HEALTH_PATH" = "off", "PATH",
        "Path of the app's own health check; the proxy is ready once it returns 2xx or 3xx. `off`: once the app accepts connections",
        |config| upstream::health_path_name(config.upstream_health.as_ref());

    upstream_grpc_health: "PROXY_UPSTREAM_GRPC_HEALTH" = "off", "SERVICE",
        "gRPC health check (`grpc.health.v1`) of an app of protocol `h2c`: `on` for the app as a whole, or the name of a service; the proxy is ready once it returns `SERVING`. `off`: once the app accepts connections",
        |config| upstream::grpc_health_name(config.upstream_health.as_ref());

    pre_drain: "PROXY_PRE_DRAIN" = "15s", "DURATION",
        "After SIGTERM: how long to keep serving as before, until the load balancer stops sending requests",
        |config| duration(config.drain.pre_drain());

    stop_timeout: "PROXY_STOP_TIMEOUT" = "30s", "DURATION",
        "Time between the platform's SIGTERM and SIGKILL; the proxy exits 2 s before the end",
        |config| duration(config.drain.stop_timeout());

    drain_idle: "PROXY_DRAIN_IDLE" = "30s", "DURATION",
        "After the pre-drain: how long an idle client connection is kept for one last request",
        |config| duration(config.drain.idle());

    lb_idle_timeout: "PROXY_LB_IDLE_TIMEOUT" = "60s", "DURATION",
        "Idle timeout of the load balancer; client connections are kept 15 s longer",
        |config| duration(config.timeouts.client_idle.saturating_sub(BEYOND_THE_LOAD_BALANCER));

    upstream_idle: "PROXY_UPSTREAM_IDLE" = "4s", "DURATION",
        "How long an idle connection to the app is reused; less than the 5 s after which common servers close it",
        |config| duration(config.timeouts.upstream_idle);

    head_timeout: "PROXY_HEAD_TIMEOUT" = "10s", "DURATION",
        "Time for the request headers to arrive, from the first byte (408)",
        |config| duration(config.timeouts.head);

    min_body_rate: "PROXY_MIN_BODY_RATE" = "240B", "SIZE",
        "Minimum upload rate in bytes per second, over 10 s of waiting for the client (408)",
        |config| format!("{}B", config.bounds.min_body_rate);

    connect_timeout: "PROXY_CONNECT_TIMEOUT" = "2s", "DURATION",
        "Time for one attempt to connect to the app",
        |config| duration(config.timeouts.connect);

    first_byte_timeout: "PROXY_FIRST_BYTE_TIMEOUT" = "60s", "DURATION",
        "Time from the request to the first byte of the response (504)",
        |config| duration(config.timeouts.first_byte);

    read_timeout: "PROXY_READ_TIMEOUT" = "auto", "DURATION",
        "Time between two pieces of the response; `auto`: 60s, no limit for event streams and gRPC; `off`: no limit",
        |config| config.timeouts.read.to_string();

    send_timeout: "PROXY_SEND_TIMEOUT" = "60s", "DURATION",
        "How long a client may read nothing while a response is ready for it",
        |config| duration(config.timeouts.send);

    tunnel_idle: "PROXY_TUNNEL_IDLE" = "1h", "DURATION",
        "Idle timeout of an upgraded connection, such as a WebSocket",
        |config| duration(config.timeouts.tunnel_idle);

    half_close: "PROXY_HALF_CLOSE" = "60s", "DURATION",
        "How long a client that closed its sending side may wait for the response, or for more of it",
        |config| duration(config.timeouts.half_close);

    hold: "PROXY_HOLD" = "5s", "DURATION",
        "How long a request waits while the app is unreachable (503)",
        |config| duration(config.timeouts.hold);

    max_held: "PROXY_MAX_HELD" = "1000", "COUNT",
        "How many requests may wait for an unreachable app; more get 503 immediately",
        |config| config.bounds.held.to_string();

    max_body: "PROXY_MAX_BODY" = "1MiB", "SIZE",
        "Largest request body (413); `off`: no limit",
        |config| policy::max_body_name(config.rules.max_body());

    max_connections: "PROXY_MAX_CONNECTIONS" = "auto", "COUNT",
        "Open client connections, over all threads; `auto`: 10,000, or fewer if the file descriptors do not suffice",
        |config| config.bounds.connections.to_string();

    max_in_flight: "PROXY_MAX_IN_FLIGHT" = "1000", "COUNT",
        "Requests that wait for the app's response at once",
        |config| config.bounds.in_flight.to_string();

    max_queued: "PROXY_MAX_QUEUED" = "100", "COUNT",
        "Requests that may wait up to 1 s until fewer are in flight; more get 503 immediately",
        |config| config.bounds.queued.to_string();

    client_rate: "PROXY_CLIENT_RATE" = "off", "COUNT",
        "Requests per second from one client, averaged over 10 s (429); an IPv6 client is its /64; `off`: no limit",
        |config| config.bounds.client_rate.map_or_else(off, |rate| rate.to_string());

    methods: "PROXY_METHODS" = "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS", "LIST",
        "Allowed methods; others get 405",
        |config| text(config.rules.allow());

    trusted: "PROXY_TRUSTED" = "private", "LIST",
        "Networks whose `X-Forwarded-*` and `X-Real-IP` headers are trusted; `private` for all private ranges, or `none`",
        |config| config.forwarding.trusted.to_string();

    underscores: "PROXY_UNDERSCORES" = "auto", "MODE",
        "Request headers with an underscore in their name: `pass`, `drop`, or `auto` for `pass` only to apps of protocol `h2c`",
        |config| if config.forwarding.underscores { "pass" } else { "drop" } .to_owned();

    trace: "PROXY_TRACE" = "propagate", "MODE",
        "`traceparent`: `propagate` forwards it, `start` also creates one (not sampled) if the request has none",
        |config| config.forwarding.tracing.as_str().to_owned();

    hsts: "PROXY_HSTS" = "max-age=31536000", "VALUE",
        "`Strict-Transport-Security` for https clients if the app sends none; `off`: no header",
        |config| config.forwarding.hsts.as_ref().map_or_else(off, text);

    compression: "PROXY_COMPRESSION" = "on", "SWITCH",
        "Compress responses (zstd, gzip) for clients that accept it: `on` or `off`",
        |config| if config.compression.enabled { "on" } else { "off" }.to_owned();

    error_page: "PROXY_ERROR_PAGE" = "off", "FILE",
        "File with the site's HTML error page; placeholders are `{{status}}`, `{{title}}`, `{{explanation}}`, `{{code}}` and `{{request_id}}`. `off`: a neutral page",
        |config| config.error_page_file.clone().unwrap_or_else(off);

    threads: "PROXY_THREADS" = "auto", "COUNT",
        "Serving threads; `auto`: as many as the CPU quota of the container",
        |config| config.threads.to_string();

    log_format: "PROXY_LOG_FORMAT" = "auto", "FORMAT",
        "Format of both logs: `json`, `text`, or `auto` for text on a terminal",
        |config| config.log_format.to_string();

    log_query: "PROXY_LOG_QUERY" = "redact", "MODE",
        "Query strings in the access log: `keep`, `redact` for `*` in place of every value, or `drop`",
        |config| config.log_query.as_str().to_owned();

    log: "PROXY_LOG" = "info", "LEVEL",
        "Lowest level of the operational log on standard error: `error`, `warn`, `info`, `debug`, `trace`",
        |config| config.log_level.as_str().to_ascii_lowercase();

    metrics_log: "PROXY_METRICS_LOG" = "off", "FORMAT",
        "Metrics as a line of the access log, once a minute: `emf` for CloudWatch's embedded metric format, or `off`",
        |config| if config.metrics_log.enabled { "emf" } else { "off" }.to_owned();

    metrics_service: "PROXY_METRICS_SERVICE" = "penguin-proxy", "NAME",
        "Name of the service in these lines",
        |config| config.metrics_log.labels.service.clone();

    metrics_environment: "PROXY_METRICS_ENVIRONMENT" = "local", "NAME",
        "Name of the environment in these lines",
        |config| config.metrics_log.labels.environment.clone();
}

fn duration(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

/// A setting that is switched off.
fn off() -> String {
    "off".to_owned()
}

/// Header values that this module made from text.
fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}
