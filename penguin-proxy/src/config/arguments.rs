//! What can be set, as people write it: flag, environment variable, default and one line of help each.
//!
//! This struct is the source of `--help` and of the table in the README. It checks nothing: [`super::Config`] does.

use clap::Args;

/// Raw settings: every value still a string.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// The app: a host name, IPv4 address or bracketed IPv6 address, and a port
    #[arg(
        long,
        env = "PROXY_UPSTREAM",
        default_value = "localhost:3000",
        value_name = "HOST:PORT"
    )]
    pub upstream: String,

    /// What the app speaks: `http1`, or `h2c` for HTTP/2 without TLS, such as gRPC
    #[arg(
        long,
        env = "PROXY_UPSTREAM_PROTOCOL",
        default_value = "http1",
        value_name = "PROTOCOL"
    )]
    pub upstream_protocol: String,

    /// Address for traffic; `[::]` takes IPv4 as well, and becomes `0.0.0.0` on a host without IPv6
    #[arg(
        long,
        env = "PROXY_LISTEN",
        default_value = "[::]:8080",
        value_name = "ADDRESS"
    )]
    pub listen: String,

    /// Address of the admin endpoints: `/live`, `/ready`, `/metrics`, `/config`
    #[arg(
        long,
        env = "PROXY_ADMIN_LISTEN",
        default_value = "127.0.0.1:9901",
        value_name = "ADDRESS"
    )]
    pub admin_listen: String,

    /// Path on the traffic port that the proxy answers itself, for the load balancer's health check
    #[arg(
        long,
        env = "PROXY_HEALTH_PATH",
        default_value = "/healthz/ready",
        value_name = "PATH"
    )]
    pub health_path: String,

    /// Path of the app's own health check; the proxy is ready only once it is answered with 2xx or 3xx. `off`: once the app takes connections
    #[arg(
        long,
        env = "PROXY_UPSTREAM_HEALTH_PATH",
        default_value = "off",
        value_name = "PATH"
    )]
    pub upstream_health_path: String,

    /// After SIGTERM: how long to go on as before, for the load balancer to notice; ends early after 5 s without a request
    #[arg(long, env = "PROXY_PRE_DRAIN", default_value = "15s", value_name = "DURATION")]
    pub pre_drain: String,

    /// How long the platform waits between SIGTERM and SIGKILL; the proxy is gone 2 s before
    #[arg(
        long,
        env = "PROXY_STOP_TIMEOUT",
        default_value = "30s",
        value_name = "DURATION"
    )]
    pub stop_timeout: String,

    /// While stopping: how long an idle client connection is kept for one last request, after the pre-drain
    #[arg(
        long,
        env = "PROXY_DRAIN_IDLE",
        default_value = "30s",
        value_name = "DURATION"
    )]
    pub drain_idle: String,

    /// The idle timeout of the load balancer in front; client connections are kept 15 s longer
    #[arg(
        long,
        env = "PROXY_LB_IDLE_TIMEOUT",
        default_value = "60s",
        value_name = "DURATION"
    )]
    pub lb_idle_timeout: String,

    /// How long an idle connection to the app is reused; below the 5 s after which common servers close
    #[arg(
        long,
        env = "PROXY_UPSTREAM_IDLE",
        default_value = "4s",
        value_name = "DURATION"
    )]
    pub upstream_idle: String,

    /// Total time for a request's head to arrive, from its first byte (408)
    #[arg(
        long,
        env = "PROXY_HEAD_TIMEOUT",
        default_value = "10s",
        value_name = "DURATION"
    )]
    pub head_timeout: String,

    /// Slowest upload that is tolerated, in bytes a second over 10 s of waiting for the client (408)
    #[arg(
        long,
        env = "PROXY_MIN_BODY_RATE",
        default_value = "240B",
        value_name = "SIZE"
    )]
    pub min_body_rate: String,

    /// Time for one attempt to connect to the app
    #[arg(
        long,
        env = "PROXY_CONNECT_TIMEOUT",
        default_value = "2s",
        value_name = "DURATION"
    )]
    pub connect_timeout: String,

    /// Time from the request to the first byte of the app's answer (504)
    #[arg(
        long,
        env = "PROXY_FIRST_BYTE_TIMEOUT",
        default_value = "60s",
        value_name = "DURATION"
    )]
    pub first_byte_timeout: String,

    /// How long a client may take none of the bytes that are ready for it
    #[arg(
        long,
        env = "PROXY_SEND_TIMEOUT",
        default_value = "60s",
        value_name = "DURATION"
    )]
    pub send_timeout: String,

    /// How long the answer may still take after the client closed its sending side
    #[arg(long, env = "PROXY_HALF_CLOSE", default_value = "2s", value_name = "DURATION")]
    pub half_close: String,

    /// How long a request is held while the app cannot be reached (then 503)
    #[arg(long, env = "PROXY_HOLD", default_value = "5s", value_name = "DURATION")]
    pub hold: String,

    /// How many requests may be held at once; more are answered 503 immediately
    #[arg(long, env = "PROXY_MAX_HELD", default_value = "1000", value_name = "COUNT")]
    pub max_held: String,

    /// Largest request body, over HTTP/2 all that a stream sends (413); `off` sets no limit
    #[arg(long, env = "PROXY_MAX_BODY", default_value = "1MiB", value_name = "SIZE")]
    pub max_body: String,

    /// Client connections kept open at once, over all threads
    #[arg(
        long,
        env = "PROXY_MAX_CONNECTIONS",
        default_value = "10000",
        value_name = "COUNT"
    )]
    pub max_connections: String,

    /// Requests that the app may be busy with at once, until it begins to answer
    #[arg(
        long,
        env = "PROXY_MAX_IN_FLIGHT",
        default_value = "1000",
        value_name = "COUNT"
    )]
    pub max_in_flight: String,

    /// Requests that may wait up to 1 s for one of those places; more are answered 503 immediately
    #[arg(long, env = "PROXY_MAX_QUEUED", default_value = "100", value_name = "COUNT")]
    pub max_queued: String,

    /// Requests per second from one client, averaged over 10 s (429); an IPv6 client is its /64; `off` sets no limit
    #[arg(long, env = "PROXY_CLIENT_RATE", default_value = "off", value_name = "COUNT")]
    pub client_rate: String,

    /// Methods that are passed on; others get 405
    #[arg(
        long,
        env = "PROXY_METHODS",
        default_value = "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS",
        value_name = "LIST"
    )]
    pub methods: String,

    /// Networks whose `X-Forwarded-*` fields are believed; `private` stands for all private ranges, `none` for nobody
    #[arg(long, env = "PROXY_TRUSTED", default_value = "private", value_name = "LIST")]
    pub trusted: String,

    /// `Strict-Transport-Security` for clients that came over https, where the app sends none; `off` adds none
    #[arg(
        long,
        env = "PROXY_HSTS",
        default_value = "max-age=31536000",
        value_name = "VALUE"
    )]
    pub hsts: String,

    /// Whether answers are compressed (zstd, gzip) for clients that accept it: `on` or `off`
    #[arg(long, env = "PROXY_COMPRESSION", default_value = "on", value_name = "SWITCH")]
    pub compression: String,

    /// Serving threads; `auto` follows the CPU quota of the container
    #[arg(long, env = "PROXY_THREADS", default_value = "auto", value_name = "COUNT")]
    pub threads: String,

    /// Format of both logs: `json`, `text`, or `auto` for text on a terminal
    #[arg(long, env = "PROXY_LOG_FORMAT", default_value = "auto", value_name = "FORMAT")]
    pub log_format: String,

    /// From which level on the operational log on standard error tells: `error`, `warn`, `info`, `debug`, `trace`
    #[arg(long, env = "PROXY_LOG", default_value = "info", value_name = "LEVEL")]
    pub log: String,
}
