"""The image of load balancers and of what holds a task's network: Debian's HAProxy, OpenSSL and BusyBox."""

import hashlib
import shutil
import subprocess

from docker import DockerError, docker

NAME = "penguin-rehearsal-balancer"
SUITE = "bookworm"
PACKAGES = "haproxy", "busybox-static", "openssl"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
# For machines without mmdebstrap.
DOCKERFILE = f"""FROM public.ecr.aws/docker/library/debian:{SUITE}-slim
RUN apt-get -qq update && apt-get -qq install --yes --no-install-recommends {" ".join(PACKAGES)} && rm -rf /var/lib/apt/lists/*
"""


def image(say):
    """Returns the image's name, after creating it if there is none yet (about 15 s)."""
    content = hashlib.sha256(" ".join([SUITE, *PACKAGES, DOCKERFILE]).encode()).hexdigest()[:12]
    name = f"{NAME}:{content}"
    if docker("image", "inspect", "--format", "{{.Id}}", name, check=False):
        return name
    say(f"creating the image {name}: HAProxy from Debian {SUITE}")
    if not shutil.which("mmdebstrap"):
        docker("build", "--quiet", "--tag", name, "-", input=DOCKERFILE)
        return name
    # Only unpacks the packages, which takes a third of the time.
    build = subprocess.Popen(
        ["mmdebstrap", "--quiet", "--variant=extract", f"--include={','.join(PACKAGES)}", SUITE, "-"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    imported = subprocess.run(
        ["docker", "import", "--change", f"ENV PATH={PATH}", "-", name], stdin=build.stdout, capture_output=True, text=True
    )
    problem = build.stderr.read().decode()
    if build.wait() or imported.returncode:
        docker("rmi", name, check=False)
        raise DockerError(f"mmdebstrap: {problem.strip() or imported.stderr.strip()}")
    return name
