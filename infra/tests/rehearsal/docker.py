"""Containers and networks of a rehearsal. All carry a label, so that they can be removed after a kill as well."""

import subprocess

LABEL = "penguin-rehearsal"


class DockerError(Exception):
    """A `docker` command failed."""


def docker(*arguments, check=True, **options):
    """Runs a `docker` command and returns its standard output without the final newline."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, **options)
    if check and done.returncode:
        raise DockerError(f"docker {' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.rstrip("\n")


def run(name, *arguments):
    """Starts a container in the background."""
    return docker("run", "--detach", "--name", name, "--label", LABEL, *arguments)


def remove_all():
    """Removes everything that rehearsals have left."""
    if found := docker("ps", "--all", "--quiet", "--filter", f"label={LABEL}", check=False).split():
        docker("rm", "--force", "--volumes", *found, check=False)
    for kind in ("network", "volume"):
        if found := docker(kind, "ls", "--quiet", "--filter", f"label={LABEL}", check=False).split():
            docker(kind, "rm", *found, check=False)
