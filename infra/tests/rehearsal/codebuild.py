"""CodeBuild: runs the build spec of a project in a container, command by command.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
"""

import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import uuid

import yaml

import docker

# Where CodeBuild puts the source.
SOURCE = "/codebuild/output/src"
NOTES = "/codebuild/notes"


class BuildFailed(Exception):
    """A phase of a build failed."""


@dataclasses.dataclass
class Images:
    """What stands in for the build images of AWS and of the Rust project."""

    standard: str
    rust: str
    # Python packages with the `aws` command.
    packages: str

    def of(self, name):
        return self.standard if name.startswith("aws/codebuild/") else self.rust


@dataclasses.dataclass
class Build:
    """A build of a project, given as the properties of its resource."""

    project: dict
    source: pathlib.Path
    commit: str
    # In addition to those of the project.
    variables: dict
    images: Images
    cloud: object
    # Names that the internet resolves: load balancers.
    hosts: dict
    log: pathlib.Path

    def run(self, artifacts):
        """Runs all phases, copies the artifacts into a folder and returns the exported variables."""
        spec = yaml.safe_load(self.project["Source"]["BuildSpec"])
        if str(spec["version"]) != "0.2":
            raise BuildFailed(f"{self.project['Name']}: version {spec['version']} of build specs works otherwise; expected 0.2")
        self.name = f"rehearsal-build-{uuid.uuid4().hex[:8]}"
        self.notes = self.log.with_suffix("")
        self.notes.mkdir()
        self.environment = {**self.given(), "CODEBUILD_BUILD_SUCCEEDING": "1"}
        self.place = SOURCE
        docker.run(
            self.name, "--network", "host", "--workdir", SOURCE, "--entrypoint", "tail",
            "--volume", f"{self.source}:{SOURCE}", "--volume", f"{self.notes}:{NOTES}", *self.mounts(spec),
            *(each for name, address in self.hosts.items() for each in ("--add-host", f"{name}:{address}")),
            self.images.of(self.project["Environment"]["Image"]), "-f", "/dev/null",
        )  # fmt: skip
        try:
            self.phases(spec)
            # What a container's root has made is read and removed by whoever rehearses.
            docker.docker("exec", self.name, "chmod", "--recursive", "a+rwX", SOURCE, check=False)
        finally:
            docker.docker("rm", "--force", self.name, check=False)
        self.collect(spec.get("artifacts"), artifacts)
        exported = spec.get("env", {}).get("exported-variables", [])
        return {name: self.environment[name] for name in exported if name in self.environment}

    def given(self):
        """https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html"""
        of_project = {}
        for each in self.project["Environment"].get("EnvironmentVariables", []):
            if each.get("Type", "PLAINTEXT") != "PLAINTEXT":
                raise BuildFailed(f"{self.project['Name']}: a rehearsal does not know variables of type {each['Type']}")
            of_project[each["Name"]] = each["Value"]
        return {
            "CI": "true", "CODEBUILD_BUILD_ID": f"{self.project['Name']}:rehearsal", "CODEBUILD_SRC_DIR": SOURCE,
            "CODEBUILD_RESOLVED_SOURCE_VERSION": self.commit, "CODEBUILD_INITIATOR": "codepipeline/rehearsal",
            **self.cloud.environment, "HOME": "/root", **of_project, **self.variables,
        }  # fmt: skip

    def mounts(self, spec):
        """Volumes of the local cache, the `aws` command, and the engine for builds of images."""
        for path in spec.get("cache", {}).get("paths", []):
            folder = path.removesuffix("/**/*")
            place = folder if folder.startswith("/") else f"{SOURCE}/{folder}"
            name = re.sub(r"[^a-z]+", "-", folder.lower()).strip("-")
            yield from ("--volume", f"penguin-rehearsal-cache-{name}:{place}")
        if self.project["Environment"]["Image"].startswith("aws/codebuild/"):
            yield from ("--volume", f"{self.images.packages}:/opt/packages:ro")
        if self.project["Environment"].get("PrivilegedMode"):
            plugins = pathlib.Path(os.environ.get("DOCKER_CONFIG", pathlib.Path.home() / ".docker")) / "cli-plugins"
            yield from ("--volume", "/var/run/docker.sock:/var/run/docker.sock")
            yield from ("--volume", f"{plugins}:/root/.docker/cli-plugins:ro")

    def phases(self, spec):
        """The first failure stops the build, unless the phase says otherwise; `post_build` also runs after a failed build."""
        failed = None
        shell = spec.get("env", {}).get("shell", "sh")
        for name in ("install", "pre_build", "build", "post_build"):
            phase = spec["phases"].get(name)
            if phase is None or (failed and not (failed[0] == "build" and name == "post_build")):
                continue
            for command in phase["commands"]:
                if not self.command(shell, command):
                    failed = failed or (name, command)
                    self.environment["CODEBUILD_BUILD_SUCCEEDING"] = "0"
                    break
            if failed and failed[0] == name and phase.get("on-failure") == "ABORT":
                break
        if failed:
            raise BuildFailed(f"{self.project['Name']}: phase {failed[0]} failed: {self.last_line()}")

    def command(self, shell, command):
        """Runs a command in a shell of its own. Only exported variables and the folder are kept for the next."""
        (self.notes / "script").write_text(f"trap 'env -0 >{NOTES}/variables; pwd >{NOTES}/folder' EXIT\n{command}\n")
        variables = [each for name, value in self.environment.items() for each in ("--env", f"{name}={value}")]
        with self.log.open("a") as log:
            print(f"$ {command}".replace("\n", "\n  "), file=log, flush=True)
            status = subprocess.run(
                ["docker", "exec", "--workdir", self.place, *variables, self.name, shell, f"{NOTES}/script"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                timeout=60 * self.project.get("TimeoutInMinutes", 60),
            ).returncode  # fmt: skip
        left = (self.notes / "variables").read_text().split("\0")
        self.environment = dict(line.split("=", 1) for line in left if "=" in line)
        self.place = (self.notes / "folder").read_text().rstrip("\n")
        return status == 0

    def last_line(self):
        lines = [line.strip() for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        errors = [line for line in lines[-40:] if line.lower().startswith(("error", "app | error", "proxy | error"))]
        return (errors or lines or ["no output"])[-1]

    def collect(self, wanted, artifacts):
        if not wanted:
            return
        base = self.source / wanted.get("base-directory", ".")
        for pattern in wanted["files"]:
            found = [path for path in base.glob(pattern) if path.is_file()]
            if not found:
                raise BuildFailed(f"{self.project['Name']}: no matching artifact paths found: {pattern}")
            for path in found:
                to = artifacts / path.relative_to(base)
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, to)
