"""Checks of the player of pipelines, with builds and deployments that are not played: python check_pipeline.py"""

import contextlib
import copy
import json
import pathlib
import tempfile
import threading

import permissions
import pipeline
from codebuild import BuildFailed
from pipeline import Execution, PipelineFailed, Rejected

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden"
TEMPLATES = {path.name.split(".")[0]: json.loads(path.read_text()) for path in GOLDEN.glob("*.template.json")}
WHERE = {"account": "111122223333", "region": "eu-central-1"}


class FakeBuild:
    """A build that leaves what every build of the templates leaves; fails as often as `failures` says."""

    failures = {}
    # Projects whose builds wait for each other.
    together = None

    def __init__(self, project, **_):
        self.name = project["Name"]

    def run(self, artifacts):
        if self.together and self.name in self.together[1]:
            self.together[0].wait(10)
        if self.failures.get(self.name, 0):
            self.failures[self.name] -= 1
            raise BuildFailed(f"{self.name}: phase build failed")
        (artifacts / "imageTag.json").write_text('{"tag":"4f2a9c0"}')
        for name, template in TEMPLATES.items():
            (artifacts / f"{name}.template.json").write_text(json.dumps(template))
            (artifacts / f"{name}.configuration.json").write_text('{"Tags":{"project":"penguin-school"}}')
        return {"IMAGE_TAG": "4f2a9c0"}


pipeline.Build = FakeBuild


class FakeCommit:
    name = "4f2a9c0"

    def extract(self, to):
        pass


class Fake:
    """In place of a rehearsal, its screen, its stacks and its scheduler."""

    images = cloud = None

    def __init__(self, folder, templates):
        self.folder, self.templates = pathlib.Path(folder), templates
        self.screen = self.stacks = self.scheduler = self
        self.said, self.deployments, self.deployed, self.yes = [], [], set(), True

    def fixture(self, templates=None, tags=None):
        return permissions.fixture_of({**self.templates, **(templates or {})}, WHERE, tags or {})

    def pipeline(self, name, stages):
        pass

    def action(self, stage, name, status, note=""):
        self.said.append(f"{name} {status}")

    def hosts(self):
        return {}

    def check_release(self):
        pass

    def local(self, value):
        return value

    def browse(self, stack):
        return ""

    def changed(self, stack, template):
        return template

    def approved(self, text, link):
        self.said.append(text)
        return self.yes

    def deploy(self, stack, template, parameters, tags, role, fixture):
        self.deployments.append((stack, parameters, role.rpartition("/")[2].split("-1A2B")[0]))
        return {"Url": f"http://{stack.lower()}.example"}


@contextlib.contextmanager
def execution(name, variables=None, change=None, skip=("RunTests",)):
    """An execution of a pipeline of the golden templates, after a change of the pipeline's properties."""
    templates = copy.deepcopy(TEMPLATES)
    for template in templates.values():
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::CodePipeline::Pipeline" and resource["Properties"]["Name"] == name and change:
                change(resource["Properties"])
    with tempfile.TemporaryDirectory() as folder:
        fake = Fake(folder, templates)
        yield fake, Execution(fake, name, FakeCommit(), variables, skip)


@contextlib.contextmanager
def fails(sign, kind=PipelineFailed):
    try:
        yield
    except kind as error:
        assert sign in str(error), error
    else:
        raise AssertionError(f"no error: expected {sign!r}")


def action(name):
    def find(properties):
        return next(each for stage in properties["Stages"] for each in stage["Actions"] if each["Name"] == name)

    return find


def dev_is_deployed_with_its_role_and_the_tag_of_the_build():
    with execution("penguin-school-dev") as (fake, run):
        values = run.run()
    assert fake.deployments == [("DevAppStack", {"ImageTag": "4f2a9c0"}, "DevCluster-DevDeployRole")], fake.deployments
    assert values["DeployDev"] == {"Url": "http://devappstack.example"}
    assert "RunTests skipped" in fake.said


def release_asks_between_staging_and_prod():
    with execution("penguin-school-release", {"IMAGE_TAG": "latest"}) as (fake, run):
        run.run()
    assert [stack for stack, _, _ in fake.deployments] == ["StagingAppStack", "ProdAppStack"]
    assert "Release 4f2a9c0 is deployed to staging. Approve to deploy it to prod." in fake.said, fake.said


def rejected_release_does_not_reach_prod():
    with execution("penguin-school-release", {"IMAGE_TAG": "latest"}) as (fake, run):
        fake.yes = False
        with fails("rejected"):
            run.run()
    assert [stack for stack, _, _ in fake.deployments] == ["StagingAppStack"]
    assert fake.said.count("Approve running") == 1, "a rejection is no failure to retry"


def release_without_tag_is_stopped_before_the_build():
    with execution("penguin-school-release") as (fake, run), fails("rule TagIsGiven: '(none)' does not match"):
        run.run()
    assert not fake.deployments and "Settle running" not in fake.said


def unknown_things_fail_instead_of_being_left_out():
    def set_in(name, key, value):
        return lambda properties: action(name)(properties).__setitem__(key, value)

    lambda_ = {"Category": "Invoke", "Owner": "AWS", "Provider": "Lambda", "Version": "1"}
    for change, sign in [
        (set_in("SmokeTest", "ActionTypeId", lambda_), "does not know the action type Invoke Lambda 1"),
        (set_in("SmokeTest", "Commands", ["true"]), "does not know Commands of an action"),
        (lambda properties: properties["Stages"][1].__setitem__("OnSuccess", {}), "does not know OnSuccess"),
        (set_in("DeployDev", "Configuration", {"ActionMode": "DELETE_ONLY"}), "mode DELETE_ONLY"),
        (set_in("BuildImages", "Namespace", "Other"), "no action before sets the variable #{BuildImages.IMAGE_TAG}"),
        (set_in("BuildImages", "OutputArtifacts", []), "no action before has the output artifact Images"),
        (set_in("DeployDev", "InputArtifacts", [{"Name": "Templates"}]), "Images is no input artifact of this action"),
    ]:  # fmt: skip
        # The simulator of permissions reads the same pipeline, and would be the first to stumble.
        inner, permissions.of_action = permissions.of_action, lambda *_: []
        try:
            with execution("penguin-school-dev", change=change) as (_, run), fails(sign):
                run.run()
        finally:
            permissions.of_action = inner


def failed_builds_are_retried_once():
    failure = "Build/SynthTemplate: penguin-school-dev-synth: phase build failed"
    for failures, ends in ((1, contextlib.nullcontext()), (2, fails(failure))):
        FakeBuild.failures = {"penguin-school-dev-synth": failures}
        with execution("penguin-school-dev") as (fake, run), ends:
            run.run()
        assert fake.said.count("SynthTemplate running") == 2


def failed_deployment_steps_are_not_retried():
    FakeBuild.failures = {"penguin-school-dev-smoke-test": 1}
    with execution("penguin-school-dev") as (fake, run), fails("Deploy/SmokeTest"):
        run.run()
    assert fake.said.count("SmokeTest running") == 1 and "RecordRelease running" not in fake.said


def actions_of_one_run_order_run_at_the_same_time():
    FakeBuild.together = (threading.Barrier(2), {"penguin-school-dev-images", "penguin-school-dev-synth"})
    try:
        with execution("penguin-school-dev") as (_, run):
            run.run()
    finally:
        FakeBuild.together = None


def missing_permission_of_an_action_is_an_error():
    with execution("penguin-school-dev") as (_, run):
        for resource in run.fixture.resources:
            if resource.kind == "AWS::IAM::Policy" and resource.name == "PipelinePolicy":
                resource.properties["PolicyDocument"]["Statement"].clear()
        with fails("is not authorized to perform: s3:GetBucketAcl"):
            run.run()


def main():
    assert issubclass(Rejected, PipelineFailed)
    checks = [each for name, each in globals().items() if callable(each) and getattr(each, "__module__", "") == "__main__"]
    checks = [each for each in checks if each.__name__[0].islower() and each not in (execution, fails, action, main)]
    for check in checks:
        FakeBuild.failures = {}
        check()
    print(f"{len(checks)} checks of the player of pipelines passed")


main()
