//! Consistency of the Dockerfiles and docker-compose.yml with `service.rs`.

use std::path::Path;

use super::Finding;
use crate::compose_file::{self, ENV_EXAMPLE};
use crate::service::{Container, Runtime, Service};

/// Checks the Dockerfiles, the compose file and the example of `.env` in `root`.
pub fn images(root: &Path, service: &Service) -> Vec<Finding> {
    let about = "images";
    let mut found: Vec<Finding> = service
        .containers(Runtime::Task)
        .iter()
        .flat_map(|container| dockerfile(root, container))
        .map(|message| {
            Finding::error(about, message).remedy("make it match the containers in infra/src/service.rs")
        })
        .collect();
    let compose = root.join("docker-compose.yml");
    match fs_err::read_to_string(&compose) {
        Ok(text) if text == compose_file::render(service) => {}
        Ok(_) => found.push(
            Finding::error(about, "docker-compose.yml differs from infra/src/service.rs")
                .remedy("run `infra compose > docker-compose.yml`"),
        ),
        // Optional.
        Err(_) => found.push(
            Finding::warning(about, "docker-compose.yml is missing")
                .remedy("run `infra compose > docker-compose.yml`"),
        ),
    }
    if let Some(wanted) = compose_file::env_example(service)
        && fs_err::read_to_string(root.join(ENV_EXAMPLE)).ok().as_ref() != Some(&wanted)
    {
        found.push(
            Finding::warning(
                about,
                format!("{ENV_EXAMPLE} does not list the secrets of the settings"),
            )
            .remedy(format!("run `infra compose --env-example > {ENV_EXAMPLE}`")),
        );
    }
    if found.is_empty() {
        found.push(Finding::ok(
            about,
            "Dockerfiles and docker-compose.yml match infra/src/service.rs",
        ));
    }
    found
}

/// Returns the differences between a Dockerfile and its container.
fn dockerfile(root: &Path, container: &Container) -> Vec<String> {
    let name = &container.dockerfile;
    let Ok(text) = fs_err::read_to_string(root.join(name)) else {
        return vec![format!(
            "{name} is missing, which builds the image of {}",
            container.name
        )];
    };
    if !container.is_package {
        return Vec::new();
    }
    [
        format!("USER {}", container.user),
        format!("EXPOSE {}", container.port),
        format!("STOPSIGNAL {}", container.stop.signal),
        format!("ENTRYPOINT [{:?}]", container.binary()),
    ]
    .into_iter()
    .filter(|line| !text.lines().any(|found| found == line))
    .map(|line| format!("{name} has no line `{line}`"))
    .collect()
}
