"""Images of tasks: from the mock's registry, by the digest that a tag has when a deployment's first task starts."""

import threading
import urllib.error
import urllib.request

from docker import DockerError, docker

MANIFESTS = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json, " \
    "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.index.v1+json"  # fmt: skip


class CannotPull(Exception):
    """An image is not there."""


def from_registry(registry):
    """Returns a function that replaces the host of repositories in ECR by that of the mock's registry."""

    def image(uri):
        host, _, rest = uri.partition("/")
        return f"{registry}/{rest}" if ".dkr.ecr." in host else uri

    return image


class Images:
    """The images of one deployment. Adds references to the mock's registry to `used`."""

    def __init__(self, registry, image, used):
        self.registry, self.image, self.used = registry, image, used
        self.resolved, self.lock = {}, threading.Lock()

    def of(self, container):
        """Returns the local reference of a container's image, which is on this machine then."""
        uri = container["image"]
        if container.get("versionConsistency") == "disabled":
            return self.pull(uri)
        # Tasks that start together run the same image.
        with self.lock:
            if uri not in self.resolved:
                self.resolved[uri] = self.pull(uri)
            return self.resolved[uri]

    def pull(self, uri):
        reference = self.image(uri)
        if reference.startswith(f"{self.registry}/"):
            reference = self.by_digest(uri, reference)
            self.used.add(reference)
        if docker("image", "inspect", "--format", "{{.Id}}", reference, check=False):
            return reference
        try:
            docker("pull", "--quiet", reference)
        except DockerError as error:
            raise CannotPull(f"CannotPullContainerError: {uri}: {error}") from None
        return reference

    def by_digest(self, uri, reference):
        if "@" in reference:
            return reference
        repository, _, tag = reference.rpartition(":")
        path = repository.removeprefix(f"{self.registry}/")
        request = urllib.request.Request(
            f"http://{self.registry}/v2/{path}/manifests/{tag}", method="HEAD", headers={"Accept": MANIFESTS}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return f"{repository}@{response.headers['Docker-Content-Digest']}"
        except urllib.error.HTTPError as error:
            reason = "not found" if error.code == 404 else f"HTTP {error.code}"
            raise CannotPull(f"CannotPullContainerError: failed to resolve ref {uri}: {reason}") from None
