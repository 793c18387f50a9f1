"""Secrets of a container, from the mock's Parameter Store and Secrets Manager."""

import json

from botocore.exceptions import ClientError

FAILED = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "


class MissingSecret(Exception):
    """A secret is not there."""


def secrets_of(cloud, container):
    """Returns variable → value."""
    return {each["name"]: value(cloud, each["valueFrom"]) for each in container.get("secrets", [])}


def value(cloud, origin):
    """The value that a `valueFrom` names: a parameter by name or ARN, or a secret by ARN with an optional JSON key."""
    try:
        if ":secretsmanager:" not in origin:
            # An ARN does not tell whether the name begins with a slash.
            path = origin.partition(":parameter")[2]
            names = [path, path[1:]] if origin.startswith("arn:") else [origin]
            found = cloud.client("ssm").get_parameters(Names=names, WithDecryption=True)["Parameters"]
            if not found:
                raise MissingSecret(f"{FAILED}unable to retrieve secret from ssm: invalid parameters: {origin}")
            return found[0]["Value"]
        arn, key, stage, version = (origin.split(":")[:7], *(origin.split(":")[7:] + [""] * 3)[:3])
        wanted = {"SecretId": ":".join(arn)}
        if stage:
            wanted["VersionStage"] = stage
        if version:
            wanted["VersionId"] = version
        text = cloud.client("secretsmanager").get_secret_value(**wanted)["SecretString"]
    except ClientError as error:
        raise MissingSecret(f"{FAILED}unable to retrieve secret from asm: {origin}: {error}") from None
    if not key:
        return text
    try:
        return json.loads(text)[key]
    except (ValueError, KeyError):
        raise MissingSecret(f"{FAILED}retrieved secret from Secrets Manager did not contain json key {key}: {origin}") from None
