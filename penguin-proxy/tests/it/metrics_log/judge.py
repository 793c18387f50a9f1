"""Judges lines of the embedded metric format on standard input; exits with the first objection.

Three judges: the specification's rules as a schema, those that no schema can state (references within a document), and
AWS's own library, which has to write the same metadata for the same metrics.
"""

import copy
import json
import math
import pathlib
import sys

import jsonschema
from aws_embedded_metrics.logger.metrics_context import MetricsContext
from aws_embedded_metrics.serializers.log_serializer import LogSerializer

SCHEMA = json.loads(pathlib.Path(__file__).with_name("schema.json").read_text())
jsonschema.Draft202012Validator.check_schema(SCHEMA)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
# An event of CloudWatch's logs, less what it is charged for besides its text.
LARGEST = 256 * 1024 - 26


class Objection(Exception):
    """What is wrong with a line."""


def schema(document):
    for error in VALIDATOR.iter_errors(document):
        raise Objection(f"{error.json_path}: {error.message}")


def references(document):
    for directive in document["_aws"]["CloudWatchMetrics"]:
        names = [metric["Name"] for metric in directive["Metrics"]]
        if len(set(names)) != len(names):
            raise Objection("a metric is defined twice")
        for name in names:
            value = document.get(name)
            if value is None or isinstance(value, (str, bool)):
                raise Objection(f"{name} has no numeric value")
            if isinstance(value, dict):
                histogram(name, value)
        for dimension in sum(directive["Dimensions"], []):
            if not isinstance(document.get(dimension), str):
                raise Objection(f"{dimension} has no text")


def histogram(name, value):
    values, counts = value["Values"], value["Counts"]
    if len(values) != len(counts):
        raise Objection(f"{name} has other counts than values")
    total = sum(value * count for value, count in zip(values, counts))
    if (value["Min"], value["Max"], value["Count"]) != (min(values), max(values), sum(counts)):
        raise Objection(f"{name} has statistics of other values")
    if not math.isclose(value["Sum"], total, rel_tol=1e-9):
        raise Objection(f"{name} has the sum {value['Sum']}, not {total}")


def library(document):
    [directive] = document["_aws"]["CloudWatchMetrics"]
    context = MetricsContext(namespace=directive["Namespace"])
    context.set_dimensions([{key: document[key] for key in keys} for keys in directive["Dimensions"]])
    context.meta["Timestamp"] = document["_aws"]["Timestamp"]
    for metric in directive["Metrics"]:
        value = document[metric["Name"]]
        # The library for Python knows no counts; the one for Java writes them as the proxy does.
        for single in value["Values"] if isinstance(value, dict) else [value]:
            context.put_metric(metric["Name"], single, metric.get("Unit"))
    [written] = LogSerializer.serialize(context)
    written = json.loads(written)
    for name, value in document.items():
        expected = value["Values"] if isinstance(value, dict) and "Values" in value else value
        if isinstance(expected, list) and len(expected) == 1:
            [expected] = expected
        if written.pop(name, None) != expected:
            raise Objection(f"AWS's library writes {name} otherwise")
    if written:
        raise Objection(f"AWS's library writes {', '.join(written)} besides")


def judge(line):
    if len(line.encode()) > LARGEST:
        raise Objection("the line is larger than an event of CloudWatch's logs")
    document = json.loads(line)
    for check in (schema, references, library):
        check(document)


def spoilt(line):
    """Documents that are wrong in one way each: the judges have to object to every one."""
    document = json.loads(line)
    [directive] = document["_aws"]["CloudWatchMetrics"]
    directive_path = ("_aws", "CloudWatchMetrics", 0)
    changes = [
        (("_aws", "Timestamp"), "now"),
        (("_aws", "Timestamp"), document["_aws"]["Timestamp"] // 1000),
        ((*directive_path, "Namespace"), ""),
        ((*directive_path, "Dimensions"), []),
        ((*directive_path, "Dimensions"), [["Cluster"]]),
        ((*directive_path, "Dimensions"), [[f"D{index}" for index in range(10)]]),
        ((*directive_path, "Metrics"), directive["Metrics"] * 20),
        ((*directive_path, "Metrics", 0, "Unit"), "Requests"),
        ((*directive_path, "Metrics", 0, "Name"), "Nameless"),
        (("Service",), 1),
        (("Service",), " "),
        (("Requests",), "1"),
        (("Requests",), {"count": 1}),
    ]
    if "Latency" in document:
        changes += [
            (("Latency", "Counts"), document["Latency"]["Counts"] + [1]),
            (("Latency", "Values"), list(range(101))),
            (("Latency", "Count"), document["Latency"]["Count"] + 1),
            (("Latency", "Sum"), document["Latency"]["Sum"] * 2 + 1),
        ]
    for path, value in changes:
        wrong = copy.deepcopy(document)
        place = wrong
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        yield path, value, json.dumps(wrong)


def main():
    lines = sys.stdin.read().splitlines()
    for line in lines:
        try:
            judge(line)
        except Objection as objection:
            sys.exit(f"{objection}\n{line}")
        for path, value, wrong in spoilt(line):
            try:
                judge(wrong)
            except Objection:
                continue
            sys.exit(f"nobody objects to {path} = {value!r:.60}")
    print(len(lines))


if __name__ == "__main__":
    main()
