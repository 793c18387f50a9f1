"""CodePipeline: plays a pipeline as its template describes it.

https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-pipeline-structure.html
"""

import concurrent.futures
import itertools
import json
import re
import shutil

import permissions
from codebuild import Build, BuildFailed
from deployment import DeploymentFailed

# What this player knows of a stage and of an action. Anything else fails the rehearsal: it would be played wrongly.
OF_STAGE = {"Name", "Actions", "OnFailure", "BeforeEntry"}
OF_ACTION = {
    "ActionTypeId", "Configuration", "InputArtifacts", "Name", "Namespace", "OutputArtifacts", "RoleArn", "RunOrder",
    "TimeoutInMinutes",
}  # fmt: skip


class PipelineFailed(Exception):
    """An action failed, or the pipeline cannot be played."""


class Rejected(PipelineFailed):
    """The release was not approved."""


class Execution:
    """One execution of a pipeline."""

    def __init__(self, rehearsal, name, commit, variables=None, skip=()):
        self.rehearsal, self.commit, self.skip = rehearsal, commit, skip
        self.fixture = rehearsal.fixture()
        found = [each for each in self.fixture.of_kind("AWS::CodePipeline::Pipeline") if each.properties["Name"] == name]
        if not found:
            raise PipelineFailed(f"no template has a pipeline {name}")
        self.pipeline, self.name = found[0], name
        declared = {each["Name"]: each.get("DefaultValue") for each in self.pipeline.properties.get("Variables", [])}
        if unknown := set(variables or {}) - set(declared):
            raise PipelineFailed(f"{name} has no variable {', '.join(sorted(unknown))}")
        self.values = {"variables": {**declared, **(variables or {})}}
        self.artifacts = {}
        self.folder = rehearsal.folder / f"{name}-{next(NUMBERS)}"
        self.folder.mkdir()

    def run(self):
        """Plays all stages; returns the values of the namespaces."""
        stages = self.pipeline.properties["Stages"]
        names = [(stage["Name"], [each["Name"] for each in stage["Actions"]]) for stage in stages]
        self.rehearsal.screen.pipeline(self.name, names)
        for stage in stages:
            if unknown := ", ".join(sorted(set(stage) - OF_STAGE)):
                raise PipelineFailed(f"{self.name}, stage {stage['Name']}: a rehearsal does not know {unknown}")
            self.enter(stage)
            self.play(stage)
        return self.values

    def enter(self, stage):
        """https://docs.aws.amazon.com/codepipeline/latest/userguide/rule-reference-VariableCheck.html"""
        for condition in stage.get("BeforeEntry", {}).get("Conditions", []):
            for rule in condition["Rules"]:
                settings, kind = rule["Configuration"], rule["RuleTypeId"]["Provider"]
                if kind != "VariableCheck" or settings["Operator"] != "MATCHES" or condition["Result"] != "FAIL":
                    raise PipelineFailed(f"{self.name}, stage {stage['Name']}: a rehearsal does not know the rule {rule}")
                value = self.fill_in(settings["Variable"])
                if not re.search(settings["Value"], value):
                    raise PipelineFailed(f"{self.name}, stage {stage['Name']}: rule {rule['Name']}: {value!r} does not match")

    def play(self, stage):
        """Run orders one after the other, actions of one order at the same time."""
        order = lambda action: action.get("RunOrder", 1)  # noqa: E731
        for _, group in itertools.groupby(sorted(stage["Actions"], key=order), key=order):
            actions = list(group)
            with concurrent.futures.ThreadPoolExecutor(len(actions)) as pool:
                running = [pool.submit(self.act, stage, action) for action in actions]
            for each in running:
                each.result()

    def act(self, stage, action):
        """Plays an action, once more if the stage retries failed actions."""
        retries = stage.get("OnFailure", {}).get("Result") == "RETRY"
        for attempt in (1, 2):
            self.rehearsal.screen.action(stage["Name"], action["Name"], "running")
            try:
                note = self.once(stage, action)
                self.rehearsal.check_release()
                ended = "skipped" if action["Name"] in self.skip else "done"
                self.rehearsal.screen.action(stage["Name"], action["Name"], ended, note)
                return
            except (BuildFailed, DeploymentFailed, permissions.AccessDenied, PipelineFailed) as error:
                self.rehearsal.screen.action(stage["Name"], action["Name"], "failed", str(error))
                if attempt == 2 or not retries or isinstance(error, Rejected):
                    raise PipelineFailed(f"{self.name}: {stage['Name']}/{action['Name']}: {error}") from error

    def once(self, stage, action):
        if unknown := set(action) - OF_ACTION:
            raise PipelineFailed(f"a rehearsal does not know {', '.join(sorted(unknown))} of an action")
        kind = action["ActionTypeId"]
        provider = f"{kind['Category']} {kind['Provider']} {kind['Version']}"
        if provider not in PROVIDERS:
            raise PipelineFailed(f"a rehearsal does not know the action type {provider}")
        inputs = [each["Name"] for each in action.get("InputArtifacts", [])]
        if missing := [name for name in inputs if name not in self.artifacts]:
            raise PipelineFailed(f"no action before has the output artifact {', '.join(missing)}")
        permissions.check(self.fixture, permissions.of_action(self.fixture, self.pipeline, action))
        if action["Name"] in self.skip:
            return "left out"
        outputs, note = PROVIDERS[provider](self, action, action.get("Configuration", {}), inputs)
        if "Namespace" in action:
            self.values[action["Namespace"]] = outputs
        return note

    # The action types.

    def source(self, action, settings, inputs):
        """The commit of the working tree, in place of a connection to GitHub."""
        self.artifact(action)
        return {"CommitId": self.commit.name, "BranchName": settings["BranchName"]}, self.commit.name[:7]

    def build(self, action, settings, inputs):
        projects = self.fixture.of_kind("AWS::CodeBuild::Project")
        project = next(each for each in projects if each.properties["Name"] == settings["ProjectName"])
        permissions.check(self.fixture, permissions.of_build(self.fixture, project))
        given = {each["name"]: self.fill_in(each["value"]) for each in json.loads(settings.get("EnvironmentVariables", "[]"))}
        folder = self.folder / f"{action['Name']}-{next(NUMBERS)}"
        source = folder / "source"
        source.mkdir(parents=True)
        self.artifacts[inputs[0]](source)
        out = self.artifact(action)
        properties = json.loads(json.dumps(project.properties))
        for variable in properties["Environment"].get("EnvironmentVariables", []):
            variable["Value"] = self.rehearsal.local(variable["Value"])
        exported = Build(
            project=properties, source=source, commit=self.commit.name, variables=given, images=self.rehearsal.images,
            cloud=self.rehearsal.cloud, hosts=self.rehearsal.scheduler.hosts(), log=folder / "build.log",
        ).run(out)  # fmt: skip
        return exported, ""

    def deploy(self, action, settings, inputs):
        """https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CloudFormation.html"""
        known = {"ActionMode", "ParameterOverrides", "RoleArn", "StackName", "TemplateConfiguration", "TemplatePath"}
        if unknown := set(settings) - known:
            raise PipelineFailed(f"a rehearsal does not know {', '.join(sorted(unknown))} of a CloudFormation action")
        if settings["ActionMode"] != "CREATE_UPDATE":
            raise PipelineFailed(f"a rehearsal does not know the mode {settings['ActionMode']}")
        stack = settings["StackName"]
        template = json.loads(self.file(settings["TemplatePath"], inputs))
        template = self.rehearsal.changed(stack, template)
        tags = {}
        if "TemplateConfiguration" in settings:
            tags = json.loads(self.file(settings["TemplateConfiguration"], inputs)).get("Tags", {})
        parameters = {}
        for name, value in json.loads(self.fill_in(settings.get("ParameterOverrides", "{}"))).items():
            if isinstance(value, dict):
                artifact, file, key = value["Fn::GetParam"]
                value = json.loads(self.file(f"{artifact}::{file}", inputs))[key]
            parameters[name] = value
        fixture = self.rehearsal.fixture({stack: template}, {stack: tags})
        outputs = self.rehearsal.stacks.deploy(stack, template, parameters, tags, settings.get("RoleArn"), fixture)
        self.rehearsal.deployed.update(parameters.values())
        return outputs, self.rehearsal.browse(stack)

    def approve(self, action, settings, inputs):
        said = self.fill_in(settings.get("CustomData", "The pipeline waits for approval."))
        if not self.rehearsal.approved(said, self.fill_in(settings.get("ExternalEntityLink", ""))):
            raise Rejected("the release was rejected")
        return {}, "approved"

    # Artifacts and variables.

    def artifact(self, action):
        """The folder of the output artifact. An artifact is copied into the folder of an action that takes it."""
        names = [each["Name"] for each in action.get("OutputArtifacts", [])]
        folder = self.folder / "artifacts" / (names[0] if names else f"none-{next(NUMBERS)}")
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            source = action["ActionTypeId"]["Category"] == "Source"
            self.artifacts[name] = self.commit.extract if source else Copy(folder)
        return folder

    def file(self, path, inputs):
        artifact, name = path.split("::")
        if artifact not in inputs:
            raise PipelineFailed(f"{path}: {artifact} is no input artifact of this action")
        place = self.artifacts[artifact].folder / name
        if not place.is_file():
            raise PipelineFailed(f"{path}: the artifact has no such file")
        return place.read_text()

    def fill_in(self, text):
        """Replaces `#{namespace.name}`."""

        def value(match):
            known = self.values.get(match[1], {})
            if match[2] not in known:
                raise PipelineFailed(f"no action before sets the variable {match[0]}")
            return known[match[2]]

        return re.sub(r"#\{(\w+)\.(\w+)\}", value, text)


class Copy:
    """An artifact that a build left."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, to):
        shutil.copytree(self.folder, to, dirs_exist_ok=True)


NUMBERS = itertools.count(1)

PROVIDERS = {
    "Source CodeStarSourceConnection 1": Execution.source,
    "Source GitHub 1": Execution.source,
    "Build CodeBuild 1": Execution.build,
    "Test CodeBuild 1": Execution.build,
    "Deploy CloudFormation 1": Execution.deploy,
    "Approval Manual 1": Execution.approve,
}
