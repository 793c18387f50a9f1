"""What the acts of a rehearsal share: the account on the mock, its stacks, its tasks, and the settings of the project."""

import os
import pathlib
import re
import subprocess
import tomllib

import permissions
from cloud import Cloud
from deployment import Stacks
from pipeline import Execution, PipelineFailed
from scheduler import Scheduler

# Of the simulator, whose folder `permissions` adds.
from fixture import tags_of_stacks, templates  # isort: skip

RUST_IMAGE = re.compile(r"public\.ecr\.aws/docker/library/rust:\S+")
# The order in which stacks are created, by what they hold.
ORDER = ["AWS::ECR::Repository", "AWS::ECS::Cluster", "AWS::CodePipeline::Pipeline"]


class ToolFailed(Exception):
    """`infra` ended with an error."""


class Rehearsal:
    """An account in which foundation, clusters and pipelines are deployed."""

    def __init__(self, folder, root, infra, images, screen, approve, hurry=1, changes=None):
        self.folder, self.root, self.infra, self.images, self.screen = pathlib.Path(folder), root, infra, images, screen
        self.approve, self.changes = approve, changes
        # Placeholders are for GitHub, which a rehearsal does not ask.
        text = (root / "infra.toml").read_text()
        text = text.replace('"OWNER"', '"you"').replace('"NAME"', '"school"').replace("team@example.com", "you@school.example")
        self.config = self.folder / "infra.toml"
        self.config.write_text(text)
        self.settings = tomllib.loads(text)
        project = self.settings["project"]
        where = {key: project[key] for key in ("account", "region") if key in project}
        self.cloud = Cloud(self.folder / "cloud", **where)
        self.where = {"account": self.cloud.account, "region": self.cloud.region}
        self.scheduler = Scheduler(self.cloud, self.folder, self.say, hurry=hurry)
        self.stacks = Stacks(self.cloud, self.scheduler)
        self.templates, self.tags, self.ending = {}, {}, False
        # Image tags that a stack runs.
        self.deployed = set()

    def set_up(self):
        """Creates foundation, clusters and pipelines from the synthesized templates."""
        out = self.folder / "synth"
        self.tool("synth", "--out", str(out))
        self.templates, self.tags = templates(out), tags_of_stacks(out)
        for name in self.templates:
            self.templates[name] = self.changed(name, self.templates[name])
        for kind in ORDER:
            for name, template in self.templates.items():
                if any(each["Type"] == kind for each in template["Resources"].values()):
                    self.stacks.deploy(name, template, tags={"project": self.settings["project"]["name"]})
                    self.templates[name] = self.stacks.template(name)

    def tool(self, *arguments, check=True):
        """Runs `infra` against the mock and returns its output."""
        done = subprocess.run(
            [str(self.infra), "--config", str(self.config), *arguments], capture_output=True, text=True,
            env={**os.environ, **self.cloud.environment, "NO_COLOR": "1"}, cwd=self.root,
        )  # fmt: skip
        if check and done.returncode:
            raise ToolFailed(f"infra {' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout + done.stderr

    def fixture(self, templates=None, tags=None):
        """All templates for the simulator of permissions."""
        return permissions.fixture_of({**self.templates, **(templates or {})}, self.where, {**self.tags, **(tags or {})})

    def pipelines(self):
        """The names of the dev pipeline and of the release pipeline: the one with variables."""
        found = self.fixture().of_kind("AWS::CodePipeline::Pipeline")
        release = [each.properties["Name"] for each in found if each.properties.get("Variables")]
        dev = [each.properties["Name"] for each in found if not each.properties.get("Variables")]
        return dev[0], release[0]

    def execute(self, name, commit, variables=None, skip=()):
        return Execution(self, name, commit, variables, skip).run()

    def local(self, value):
        """Registry and image of the Rust project on this machine, in place of those on the internet."""
        registry = f"{self.cloud.account}.dkr.ecr.{self.cloud.region}.amazonaws.com"
        return RUST_IMAGE.sub(self.images.rust, value.replace(registry, self.cloud.registry))

    def changed(self, stack, template):
        """A planted fault."""
        return self.changes(stack, template) if self.changes else template

    def approved(self, text, link):
        self.screen.say(f"approval: {text} {link}")
        return self.approve(f"{text} Approve?")

    def browse(self, stack):
        """The URL of a stack's load balancer on this machine, if it has one."""
        try:
            return self.scheduler.url(stack)
        except LookupError:
            return ""

    def release(self):
        """The tag in the parameter of the latest release, or None."""
        name = next(
            each["Value"]
            for project in self.fixture().of_kind("AWS::CodeBuild::Project")
            for each in project.properties["Environment"].get("EnvironmentVariables", [])
            if each["Name"] == "TAG_PARAMETER"
        )
        found = self.cloud.client("ssm").get_parameters(Names=[name])["Parameters"]
        return found[0]["Value"] if found else None

    def check_release(self):
        """The parameter names only what a stack runs: its images are pushed, and dev has deployed it."""
        tag = self.release()
        if tag is not None and tag not in self.deployed:
            raise PipelineFailed(f"the parameter of the latest release names {tag}, which is not deployed to dev")

    def say(self, text):
        """What the scheduler says, until the end."""
        if not self.ending:
            self.screen.say(text)

    def stop(self):
        self.ending = True
        self.scheduler.stop(at_once=True)
        self.cloud.stop()
