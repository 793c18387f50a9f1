"""Plays the pipelines of this repository on this machine, from a commit to prod behind a load balancer.

The templates are deployed to a mock of AWS on loopback. What a template describes is what runs: the stages of the
pipelines, the builds in containers, the tasks that CloudFormation deploys, the load balancer. Every call of a role is
judged by its policies.
"""

import argparse
import contextlib
import pathlib
import re
import shutil
import signal
import sys
import tempfile
import time
import tomllib

import docker
import faults
import leftovers
from codebuild import Images
from deployment import DeploymentFailed
from load import Load
from pipeline import PipelineFailed
from rehearsal import Rehearsal, ToolFailed
from screen import Screen
from source import Commit, git

ROOT = pathlib.Path(__file__).resolve().parents[3]
# A path for which no app is ready.
NEVER_READY = "/this-release-is-never-ready"
# How long the tasks of a failed release may take to stop, in seconds; ECS gives the reason of a task that has stopped.
STOPPING = 60


class Failed(Exception):
    """The rehearsal found a fault."""


FAILURES = (PipelineFailed, DeploymentFailed, ToolFailed, Failed, docker.DockerError)


def arguments():
    parser = argparse.ArgumentParser(prog=".ci/rehearse", description=__doc__.split("\n")[0])
    parser.add_argument("--commit", default="HEAD", help="commit to deliver [default: HEAD]")
    parser.add_argument("--yes", action="store_true", help="approve the release without asking; do not wait at the end")
    parser.add_argument(
        "--hurry", type=int, default=15, metavar="N",
        help="divide health check intervals, grace periods and deregistration delays by N [default: 15; templates: 1]",
    )  # fmt: skip
    parser.add_argument("--tests", action="store_true", help="also run the tests of the dev pipeline (`[source] test`)")
    parser.add_argument("--first-release", action="store_true", help="end after the first release")
    parser.add_argument("--faults", action="store_true", help="plant faults in the templates, and fail if one is not found")
    parser.add_argument("--record", metavar="FILE", help="write the output as SVG")
    # From .ci/rehearse.
    parser.add_argument("--infra", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--builder", required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def build_image(builder):
    """Returns the image that stands in for CodeBuild's standard image: bash, curl, git, jq, Python and the `docker` command."""
    lines = [
        f"FROM {builder}",
        "RUN apt-get -qq update"
        " && apt-get -qq install --yes --no-install-recommends bash curl docker.io git jq python3"
        " && rm -rf /var/lib/apt/lists/*",
        "RUN printf '#!/bin/sh\\nPYTHONPATH=/opt/packages exec python3 -m awscli \"$@\"\\n' >/usr/local/bin/aws"
        " && chmod +x /usr/local/bin/aws",
    ]
    docker.docker("build", "--quiet", "--tag", "penguin-rehearsal-build", "-", input="\n".join(lines))
    return "penguin-rehearsal-build"


def never_ready(text):
    """Settings with a health path that the app does not have."""
    line = f'health-path = "{NEVER_READY}"'
    app = tomllib.loads(text).get("app")
    if app is None:
        return f"{text}\n[app]\n{line}\n"
    rest = re.sub(r"(?m)^health-path *=.*\n", "", text)
    return re.sub(r"(?m)^\[app\].*$", lambda header: f"{header[0]}\n{line}", rest, count=1)


class Acts:
    """The course of a rehearsal."""

    def __init__(self, rehearsal, commit, options):
        self.it, self.commit, self.options = rehearsal, commit, options
        self.dev, self.release = rehearsal.pipelines()
        self.prod = self.app_stack("Prod")

    def app_stack(self, environment):
        return next(name for name in self.it.templates if name.endswith(f"{environment}AppStack"))

    def skipped(self):
        """The tests of the dev pipeline take long and are the same as `.ci/test`."""
        return () if self.options.tests else ("RunTests",)

    def push(self, commit):
        return self.it.execute(self.dev, commit, skip=self.skipped())

    def promote(self, commit):
        return self.it.execute(self.release, commit, variables={"IMAGE_TAG": "latest"})

    def first_release(self):
        self.it.screen.heading(f"Push {self.commit.name[:7]} to {self.branch()}")
        self.push(self.commit)
        self.it.screen.heading(f"Release {self.commit.name[:7]}")
        self.promote(self.commit)
        self.it.screen.say(f"prod: {self.it.scheduler.url(self.prod)}", "bold")

    def branch(self):
        return self.it.settings["source"].get("dev-branch", "dev")

    def second_release(self):
        self.second = self.commit.followed_by(1)
        self.it.screen.heading(f"Push the next commit {self.second.name[:7]}, release it under load")
        self.push(self.second)
        with self.load():
            self.promote(self.second)

    def broken_release(self):
        text = git(ROOT, "show", f"{self.commit.of}:infra.toml")
        broken = self.commit.followed_by(2, (("infra.toml", never_ready(text)),))
        self.it.screen.heading(f"Push {broken.name[:7]}, whose app never becomes healthy")
        with self.load(self.app_stack("Dev")):
            try:
                self.push(broken)
            except PipelineFailed as error:
                failure = str(error)
                self.it.screen.say(f"as expected: {failure}")
            else:
                raise Failed("the pipeline deployed a release that never serves requests")
        if self.it.release() != self.second.name:
            raise Failed(f"the latest release is {self.it.release()}, expected {self.second.name}")
        expected = ("rolled back", "health check") if "ROLLBACK" in failure else ()
        deadline = time.monotonic() + STOPPING
        while True:
            status = self.it.tool("status", "dev")
            if all(words in status for words in expected):
                break
            if time.monotonic() > deadline:
                raise Failed(f"`infra status dev` does not say why the stack was rolled back:\n{status}")
            time.sleep(0.5)
        for line in status.splitlines():
            self.it.screen.say(f"  {line}")

    def roll_back(self):
        self.it.screen.heading("infra rollback prod")
        template = self.it.stacks.template(self.prod)
        with self.load():
            self.it.stacks.rolled(self.prod, template, lambda: self.it.tool("rollback", "prod", "--yes"))
        if self.commit.name not in self.it.stacks.parameters(self.prod):
            raise Failed(f"prod does not run {self.commit.name} after its rollback")

    @contextlib.contextmanager
    def load(self, stack=None):
        """Requests through the load balancer, none of which may be lost."""
        load = Load(self.it.scheduler.url(stack or self.prod))
        load.start()
        try:
            yield
        finally:
            report = load.finish()
        self.it.screen.say(f"load: {report}")
        if report.lost:
            raise Failed(f"{report.lost} of {report.sent} requests were lost")

    def play(self):
        self.first_release()
        if not self.options.first_release:
            self.second_release()
            self.broken_release()
            self.roll_back()


def interrupted(*_):
    # A second Ctrl-C must not stop the removal.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


@contextlib.contextmanager
def installation(options, screen, images, fault=None):
    """A rehearsal with foundation, clusters and pipelines. Everything is removed at its end."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="penguin-rehearsal-"))
    rehearsal = None
    leftovers.note(folder)
    try:
        approve = lambda question: options.yes or screen.ask(question)  # noqa: E731
        rehearsal = Rehearsal(folder, ROOT, options.infra, images, screen, approve, options.hurry, fault and fault.plant)
        leftovers.note(folder, rehearsal.cloud.registry)
        rehearsal.set_up()
        yield rehearsal
    except FAILURES as error:
        screen.finish()
        if fault is None:
            keep(screen, folder, error)
        raise
    finally:
        screen.finish()
        if rehearsal:
            rehearsal.stop()
        leftovers.remove()


def keep(screen, folder, error):
    """Says what failed, and keeps the logs."""
    kept = pathlib.Path(tempfile.gettempdir()) / "penguin-rehearsal-failed"
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(folder, kept, ignore=shutil.ignore_patterns("source"))
    screen.say(f"error: {error}", "red")
    screen.say(f"hint: logs of builds are in {kept}")


def find_faults(options, screen, images, commit):
    """Plants each fault and returns the names of those that no rehearsal of the dev pipeline finds."""
    missed = []
    for name, fault in faults.FAULTS.items():
        screen.heading(f"planted fault: {name}")
        try:
            with installation(options, screen, images, fault) as rehearsal:
                acts = Acts(rehearsal, commit, options)
                acts.push(commit)
                with acts.load(acts.app_stack("Dev")):
                    acts.push(commit.followed_by(1))
            screen.say(f"{name}: NOT FOUND", "red")
            missed.append(name)
        except FAILURES as error:
            found = re.search(fault.sign, str(error))
            screen.say(f"{name}: {'found' if found else 'ANOTHER ERROR'}: {error}", "green" if found else "red")
            missed += [] if found else [name]
    return missed


def main():
    options = arguments()
    if not options.yes and not sys.stdin.isatty():
        sys.exit("error: no terminal to approve the release in\nhint: pass `--yes` to approve it without asking")
    if not leftovers.lock():
        sys.exit("error: another rehearsal is running on this machine")
    leftovers.remove()
    screen = Screen()
    commit = Commit.head(ROOT, options.commit)
    if options.commit == "HEAD" and git(ROOT, "status", "--porcelain"):
        screen.say("uncommitted changes are not delivered: a pipeline takes commits")
    signal.signal(signal.SIGINT, interrupted)
    signal.signal(signal.SIGTERM, interrupted)
    try:
        images = Images(build_image(options.builder), options.builder, site_packages())
        if options.faults:
            sys.exit(1 if find_faults(options, screen, images, commit) else 0)
        with installation(options, screen, images) as rehearsal:
            acts = Acts(rehearsal, commit, options)
            acts.play()
            screen.finish()
            if not options.yes:
                screen.console.input(f"prod: {rehearsal.scheduler.url(acts.prod)}  (Return removes everything) ")
        screen.say("done; containers, networks and volumes were removed")
        if options.record:
            screen.record(options.record)
    except KeyboardInterrupt:
        screen.say("interrupted; containers, networks and volumes were removed")
        sys.exit(130)
    except FAILURES:
        sys.exit(1)


def site_packages():
    import awscli

    return str(pathlib.Path(awscli.__file__).parents[1])


if __name__ == "__main__":
    main()
