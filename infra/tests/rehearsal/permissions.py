"""Permissions: the calls of an action, judged by the simulator against the policies of the deployed templates."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "simulator"))

import actors  # noqa: E402
import iam  # noqa: E402
from fixture import Fixture  # noqa: E402
from needs import for_resource  # noqa: E402


class AccessDenied(Exception):
    """A role lacks a permission."""


def fixture_of(templates, settings, tags):
    return Fixture(templates, tags=tags, **settings)


def denied(fixture, calls):
    """The first call that the role's policies do not allow, as AWS words it; None if all are allowed."""
    for role, call in calls:
        if not iam.allowed(fixture.statements(role), call.action, call.resource, call.context):
            who, what = role.split("/", 1)[-1], call.resource
            return f"{who} is not authorized to perform: {call.action} on resource: {what} (no policy allows it; {call.why})"
    return None


def of_action(fixture, pipeline, action):
    """The calls of CodePipeline for an action."""
    begins = f"{pipeline.properties['Name']}: action {action['Name']} ("
    return [(role, call) for role, call in actors.pipeline_calls(fixture, pipeline) if call.why.startswith(begins)]


def of_build(fixture, project):
    return actors.build_calls(fixture, project)


def of_resource(fixture, role, resource, phase):
    """The calls of CloudFormation, with a role, for one resource."""
    return [(role, call) for call in for_resource(fixture, resource, phase)]


def check(fixture, calls):
    if problem := denied(fixture, calls):
        raise AccessDenied(problem)
