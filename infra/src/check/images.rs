//! Whether the files of a checkout that build and run the images say what the description of the service says.

use std::path::Path;

use super::Finding;
use crate::compose_file;
use crate::service::{Container, Runtime, containers};

/// What the Dockerfiles and the compose file in `root` came to.
pub fn images(root: &Path) -> Vec<Finding> {
    let about = "images";
    let mut found: Vec<Finding> = containers(Runtime::Task)
        .iter()
        .flat_map(|container| dockerfile(root, container))
        .map(|message| {
            Finding::error(about, message)
                .remedy("infra/src/service.rs describes the containers: make the two agree")
        })
        .collect();
    let compose = root.join("docker-compose.yml");
    match fs_err::read_to_string(&compose) {
        Ok(text) if text == compose_file::render() => {}
        Ok(_) => found.push(
            Finding::error(
                about,
                "docker-compose.yml is not what infra/src/service.rs describes",
            )
            .remedy("`infra compose > docker-compose.yml` writes it anew"),
        ),
        // A fork may do without it.
        Err(_) => found.push(
            Finding::warning(about, "there is no docker-compose.yml")
                .remedy("`infra compose > docker-compose.yml` writes it"),
        ),
    }
    if found.is_empty() {
        found.push(Finding::ok(
            about,
            "Dockerfiles and docker-compose.yml agree with infra/src/service.rs",
        ));
    }
    found
}

/// What a container's Dockerfile says otherwise than its description.
fn dockerfile(root: &Path, container: &Container) -> Vec<String> {
    let name = container.dockerfile;
    let Ok(text) = fs_err::read_to_string(root.join(name)) else {
        return vec![format!(
            "there is no {name}, which builds the image of {}",
            container.name
        )];
    };
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
