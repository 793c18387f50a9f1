"""Runs a one-off task for the mock of AWS: MOCK_AWS_ONE_OFF in ../stories/mock_aws.py.

The task definition comes on standard input. Output and exit code are those of the task.
"""

import json
import os
import subprocess
import sys

import botocore.session

import docker
from images import from_registry
from secrets_of import secrets_of


class Client:
    """The account of the rehearsal, by the variables of the environment."""

    def client(self, service):
        return botocore.session.Session().create_client(service)


def main():
    definition = json.load(sys.stdin)
    [container] = definition["containerDefinitions"]
    variables = {each["name"]: each["value"] for each in container.get("environment", [])} | secrets_of(Client(), container)
    environment = {key: each for key, each in os.environ.items() if key != "DOCKER_HOST"}
    if os.environ["ENGINE"]:
        environment["DOCKER_HOST"] = os.environ["ENGINE"]
    # As the build left it on this machine.
    image = from_registry(os.environ["REGISTRY"])(container["image"])
    arguments = [each for key in variables for each in ("--env", key)]
    done = subprocess.run(
        [
            "docker", "run", "--rm", "--label", docker.LABEL, "--read-only", "--cap-drop", "ALL", "--init",
            *(["--user", container["user"]] if container.get("user") else []), *arguments,
            image, *container.get("command", []),
        ],
        env={**environment, **variables}, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    sys.exit(done.returncode)


main()
