//! The two containers, from the options and the runtime.

use std::collections::BTreeMap;

use super::options::SERVE;
use super::timing::{
    app_drain, app_stop_timeout, drain_idle, health, pre_drain, proxy_health, seconds, stop_timeout,
};
use super::{
    App, CONTAINERS, Container, ERROR_PAGE, ERROR_PAGE_VARIABLE, LOAD_BALANCER_IDLE_TIMEOUT,
    PROXY_HEALTH_PATH, PROXY_PORT, Proxy, Runtime, Service, StartsAfter, Stop, USER, Value, Variable,
};

impl Service {
    /// Returns the two containers for `runtime`, in start order.
    pub fn containers(&self, runtime: Runtime<'_>) -> [Container; 2] {
        let app = app(&self.app, runtime);
        let proxy = proxy(&self.proxy, &self.app, &app, runtime);
        [app, proxy]
    }
}

fn app(app: &App, runtime: Runtime<'_>) -> Container {
    let package = "penguin-app";
    let [name, _] = CONTAINERS;
    let is_the_site = app.is_the_site();
    let mut environment = if is_the_site {
        environment_of_the_site(app, runtime)
    } else {
        let port = match runtime {
            Runtime::Task | Runtime::Compose => app.port,
            Runtime::Local(places) => places.app.port(),
        };
        vec![text("PORT", port.to_string(), "port to listen on"), public_url()]
    };
    add(&mut environment, &app.environment);
    environment.retain(|variable| !app.secrets.contains_key(&variable.name));
    environment.extend(app.secrets.iter().map(|(name, secret)| Variable {
        name: name.clone(),
        value: Value::Secret(secret.clone()),
        why: "secret",
    }));
    let folder = app
        .dockerfile
        .rsplit_once('/')
        .map(|(folder, _)| folder.to_owned());
    Container {
        name,
        summary: "web site",
        package,
        is_package: is_the_site,
        dockerfile: app.dockerfile.clone(),
        content: if is_the_site {
            vec!["templates".to_owned(), "static".to_owned()]
        } else {
            folder.into_iter().collect()
        },
        command: match &app.command {
            Some(command) => command.clone(),
            None if is_the_site => vec![SERVE.to_owned()],
            None => Vec::new(),
        },
        port: app.port,
        published: false,
        starts_after: None,
        environment,
        health: is_the_site.then(|| health(runtime, package)),
        stop: Stop {
            signal: "SIGTERM",
            timeout: app_stop_timeout(app, runtime),
        },
        user: USER,
        read_only_root: true,
    }
}

fn environment_of_the_site(app: &App, runtime: Runtime<'_>) -> Vec<Variable> {
    let listen = match runtime {
        Runtime::Task | Runtime::Compose => format!("[::]:{}", app.port),
        Runtime::Local(places) => places.app.to_string(),
    };
    let mut environment = vec![
        text("APP_LISTEN", listen, "upstream address of the proxy"),
        public_url(),
        text(
            "APP_DRAIN_TIMEOUT",
            seconds(app_drain(app, runtime)),
            "less than the stop timeout",
        ),
        text("APP_LOG_FORMAT", log_format(runtime), LOG_FORMAT_WHY),
        Variable {
            name: "APP_INDEXING".to_owned(),
            value: Value::Indexing,
            why: "search engines index only prod",
        },
    ];
    if let Runtime::Local(places) = runtime {
        environment.push(text(
            "APP_SOURCE_DIR",
            places.source.clone(),
            "edits are visible on reload",
        ));
        environment.push(text(
            "APP_DATA_DIR",
            format!("{}/target/data", places.source),
            "directory of contact form messages",
        ));
    }
    environment
}

fn public_url() -> Variable {
    Variable {
        name: "APP_PUBLIC_URL".to_owned(),
        value: Value::PublicUrl,
        why: "for absolute links: sitemap, canonical URLs",
    }
}

fn proxy(options: &Proxy, app_options: &App, app: &Container, runtime: Runtime<'_>) -> Container {
    // `localhost` works in a task, but not under compose.
    let (upstream, listen) = match runtime {
        Runtime::Task => (format!("localhost:{}", app.port), format!("[::]:{PROXY_PORT}")),
        Runtime::Compose => (format!("{}:{}", app.name, app.port), format!("[::]:{PROXY_PORT}")),
        Runtime::Local(places) => (places.app.to_string(), places.proxy.to_string()),
    };
    let mut environment = vec![
        text("PROXY_UPSTREAM", upstream, "address of the app"),
        text("PROXY_LISTEN", listen, "port for clients"),
        text(
            "PROXY_HEALTH_PATH",
            PROXY_HEALTH_PATH.to_owned(),
            "readiness path for the load balancer",
        ),
        text(ERROR_PAGE_VARIABLE, error_page(runtime), "error page of the site"),
        text(
            "PROXY_PRE_DRAIN",
            seconds(pre_drain(runtime)),
            "load balancers keep sending after the stop signal",
        ),
        text(
            "PROXY_STOP_TIMEOUT",
            seconds(stop_timeout(runtime)),
            "the drain must end before SIGKILL",
        ),
        text("PROXY_LOG_FORMAT", log_format(runtime), LOG_FORMAT_WHY),
    ];
    if let Some(path) = &app_options.health_path {
        environment.push(text(
            "PROXY_UPSTREAM_HEALTH_PATH",
            path.clone(),
            "the proxy is ready once the app answers here",
        ));
    }
    if let Some(idle) = drain_idle(runtime) {
        environment.push(text(
            "PROXY_DRAIN_IDLE",
            seconds(idle),
            "idle browser connections do not delay the stop",
        ));
    }
    match runtime {
        Runtime::Task => environment.push(text(
            "PROXY_LB_IDLE_TIMEOUT",
            seconds(LOAD_BALANCER_IDLE_TIMEOUT),
            "the proxy's idle timeout must exceed the load balancer's",
        )),
        Runtime::Compose => {}
        Runtime::Local(places) => environment.push(text(
            "PROXY_ADMIN_LISTEN",
            places.admin.to_string(),
            "metrics and health endpoints",
        )),
    }
    add(&mut environment, &options.environment);
    let package = "penguin-proxy";
    let [_, name] = CONTAINERS;
    Container {
        name,
        summary: "sidecar proxy in front of the app",
        package,
        is_package: true,
        dockerfile: "Dockerfile.proxy".to_owned(),
        content: Vec::new(),
        command: vec![SERVE.to_owned()],
        port: PROXY_PORT,
        published: true,
        starts_after: Some(StartsAfter {
            container: app.name,
            healthy: app.health.is_some(),
        }),
        environment,
        health: Some(proxy_health(runtime, package)),
        stop: Stop {
            signal: "SIGTERM",
            timeout: stop_timeout(runtime),
        },
        user: USER,
        read_only_root: true,
    }
}

/// Variables of the proxy in a task whose metrics CloudWatch reads from the log.
pub fn metrics(project: &str, environment: &str) -> [Variable; 3] {
    const WHY: &str = "dimension of the metrics";
    [
        text(
            "PROXY_METRICS_LOG",
            "emf".to_owned(),
            "CloudWatch reads metrics from the log",
        ),
        text("PROXY_METRICS_SERVICE", project.to_owned(), WHY),
        text("PROXY_METRICS_ENVIRONMENT", environment.to_owned(), WHY),
    ]
}

/// Variable of the proxy in a task whose release is checked after a deployment. Without it, nobody outside the account
/// learns the release.
pub fn release() -> Variable {
    Variable {
        name: "PROXY_RELEASE".to_owned(),
        value: Value::Release,
        why: "the smoke test compares it with the deployed tag",
    }
}

/// Adds the variables of the settings; they replace variables of the same name.
fn add(environment: &mut Vec<Variable>, set: &BTreeMap<String, String>) {
    for (name, value) in set {
        let variable = text(name, value.clone(), "set in infra.toml");
        match environment.iter_mut().find(|known| known.name == *name) {
            Some(known) => *known = variable,
            None => environment.push(variable),
        }
    }
}

fn error_page(runtime: Runtime<'_>) -> String {
    match runtime {
        Runtime::Task | Runtime::Compose => ERROR_PAGE.to_owned(),
        Runtime::Local(places) => format!("{}/penguin-proxy{ERROR_PAGE}", places.source),
    }
}

const LOG_FORMAT_WHY: &str = "JSON for log queries, text for terminals";

fn log_format(runtime: Runtime<'_>) -> String {
    match runtime {
        Runtime::Task => "json",
        Runtime::Compose | Runtime::Local(_) => "text",
    }
    .to_owned()
}

fn text(name: &str, value: String, why: &'static str) -> Variable {
    Variable {
        name: name.to_owned(),
        value: Value::Text(value),
        why,
    }
}
