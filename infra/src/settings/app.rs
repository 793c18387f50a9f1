//! Sections `[app]` and `[proxy]`, and what environments change of them.

use std::collections::BTreeMap;

use super::app_values as check;
use super::document::{Found, Section, ValueError, Values, number};
use super::proxy_table;
use crate::service::{ADMIN_PORT, APP_DOCKERFILE, App, PROXY_PORT, Proxy, Secret, Service};

/// Settings of `[app]` that are the same in every environment, since all environments run the same image.
const EVERYWHERE: [&str; 5] = ["port", "health-path", "stop-timeout", "dockerfile", "command"];

/// Reads `[app]` and `[proxy]`.
pub(super) fn service(root: &Section<'_>) -> Service {
    Service {
        app: app(&root.section("app")),
        proxy: proxy(&root.section("proxy"), &Proxy::default()),
    }
}

/// Returns the service of an environment: `base` with the changes of `[environments.NAME.app]` and `….proxy`.
pub(super) fn service_of_environment(environment: &Section<'_>, base: &Service) -> Service {
    let section = environment.section("app");
    for key in EVERYWHERE {
        section.optional(key, |_| {
            let error = ValueError::new("is the same in every environment");
            Err::<(), _>(error.remedy(format!("set `{key}` in `[app]`")))
        });
    }
    let mut app = base.app.clone();
    variables(&section, &mut app);
    section.reject_unknown_keys();
    Service {
        app,
        proxy: proxy(&environment.section("proxy"), &base.proxy),
    }
}

fn app(section: &Section<'_>) -> App {
    let default = App::default();
    let port = section.or("port", default.port, number(1..=u16::MAX));
    if let Some(error) = port_error(port.value) {
        section.report(&port, error);
    }
    let health_path = section.optional("health-path", check::path);
    let dockerfile = section.or("dockerfile", default.dockerfile.clone(), check::dockerfile);
    if dockerfile.value != APP_DOCKERFILE && health_path.is_none() {
        section.report(
            &dockerfile,
            ValueError::new("needs a health path").remedy(
                "add `health-path = \"/\"`, a path of the app that answers 2xx or 3xx once it can serve requests",
            ),
        );
    }
    let mut app = App {
        port: port.value,
        health_path: health_path.map(|found| found.value),
        stop_timeout: section
            .optional("stop-timeout", check::stop_timeout)
            .map(|found| found.value),
        dockerfile: dockerfile.value,
        command: section
            .optional("command", check::command)
            .map(|found| found.value),
        ..default
    };
    variables(section, &mut app);
    section.reject_unknown_keys();
    app
}

/// The containers of a task share one network namespace, and run without privileges.
fn port_error(port: u16) -> Option<ValueError> {
    let remedy = "use another port from 1024, for example 3000";
    let problem = match port {
        PROXY_PORT => "is the port of the proxy; the containers of a task share their ports",
        ADMIN_PORT => "is the port of the proxy's metrics; the containers of a task share their ports",
        0..1024 => "requires root privileges, which the container does not have",
        _ => return None,
    };
    Some(ValueError::new(problem).remedy(remedy))
}

/// Adds the variables of a section; a variable of the same name is replaced, also a secret by a plain value and vice versa.
fn variables(section: &Section<'_>, app: &mut App) {
    let environment = section.entries(
        "environment",
        Values::Shown,
        "NAME = \"value\"",
        check::app_variable,
        |_, value| check::text(value),
    );
    let secrets = section.entries(
        "secrets",
        Values::Hidden,
        "NAME = \"ssm:/path\"",
        check::app_variable,
        |_, value| check::secret(value),
    );
    for (name, secret) in &secrets {
        if environment.iter().any(|(other, _)| other == name) {
            section.report(
                secret,
                ValueError::new("is also set in `environment`").remedy("keep one of the two"),
            );
        }
    }
    let (environment, secrets) = (values(environment), values::<Secret>(secrets));
    app.secrets.retain(|name, _| !environment.contains_key(name));
    app.environment.retain(|name, _| !secrets.contains_key(name));
    app.environment.extend(environment);
    app.secrets.extend(secrets);
    if let Some(key) = section.optional("secrets-key", check::key) {
        app.secrets_key = Some(key.value);
    }
}

fn proxy(section: &Section<'_>, base: &Proxy) -> Proxy {
    let environment = section.entries(
        "environment",
        Values::Shown,
        "PROXY_MAX_BODY = \"10MiB\"",
        proxy_table::check_name,
        |name, value| {
            let value = check::text(value)?;
            proxy_table::check_value(name, &value)?;
            Ok(value)
        },
    );
    section.reject_unknown_keys();
    let mut proxy = base.clone();
    proxy.environment.extend(values(environment));
    proxy
}

fn values<T>(entries: Vec<(String, Found<T>)>) -> BTreeMap<String, T> {
    entries
        .into_iter()
        .map(|(name, found)| (name, found.value))
        .collect()
}
