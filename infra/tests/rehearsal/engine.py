"""Containers with all that a task definition can say, over the HTTP API of the Docker Engine.

The command line cannot pass an entry point of several words, nor a health check without a shell.
"""

import http.client
import json
import os
import pathlib
import socket
import struct
import urllib.parse

from docker import LABEL, DockerError, docker

# A label of its own lets several rehearsals run on one machine.
OWN = os.environ.get("REHEARSAL_LABEL", LABEL)


def place():
    """Path of the engine's socket, or its address as `HOST:PORT`."""
    host = os.environ.get("DOCKER_HOST") or docker("context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
    kind, _, rest = host.partition("://")
    return pathlib.Path(rest) if kind == "unix" else rest


class Connection(http.client.HTTPConnection):
    """A connection to the engine."""

    known = None

    def __init__(self, timeout):
        Connection.known = Connection.known or place()
        super().__init__("localhost" if isinstance(self.known, pathlib.Path) else self.known, timeout=timeout)

    def connect(self):
        if not isinstance(self.known, pathlib.Path):
            return super().connect()
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.known))
        return None


def call(method, path, body=None, /, timeout=300, **query):
    """Sends a request and returns the decoded response; DockerError for everything but success.

    A body of bytes is an archive.
    """
    raw = isinstance(body, bytes)
    connection = Connection(timeout)
    if query:
        path += "?" + urllib.parse.urlencode(query)
    try:
        connection.request(
            method, path, body if raw or body is None else json.dumps(body),
            {"Content-Type": "application/x-tar" if raw else "application/json"},
        )  # fmt: skip
        response = connection.getresponse()
        text = response.read()
    except OSError as error:
        raise DockerError(f"Docker Engine: {method} {path}: {error}") from None
    finally:
        connection.close()
    if response.status >= 400:
        try:
            text = json.loads(text)["message"]
        except (ValueError, KeyError):
            text = text.decode(errors="replace")
        raise DockerError(text)
    return json.loads(text) if text.strip().startswith((b"{", b"[")) else None


def create(name, image, host, network=None, **settings):
    """Creates a container. `settings` and `host` are as in the engine's API, `network` is a network with aliases."""
    body = {"Image": image, "HostConfig": host, "Labels": {OWN: ""}, **settings}
    if network:
        body["NetworkingConfig"] = {"EndpointsConfig": network}
    return call("POST", "/containers/create", body, name=name)["Id"]


def start(name):
    call("POST", f"/containers/{name}/start")


def stop(name, seconds):
    """Sends the stop signal, and SIGKILL after `seconds`. Returns when the container has ended."""
    call("POST", f"/containers/{name}/stop", timeout=seconds + 60, t=seconds)


def remove(name):
    try:
        call("DELETE", f"/containers/{name}", force="true", v="true")
    except DockerError as error:
        if "No such container" not in str(error) and "already in progress" not in str(error):
            raise


def inspect(name):
    return call("GET", f"/containers/{name}/json")


def lines(name, since):
    """Yields (time, line) of a container's output since a time until it ends."""
    connection = Connection(None)
    connection.request("GET", f"/containers/{name}/logs?follow=1&stdout=1&stderr=1&timestamps=1&since={since:.3f}")
    response = connection.getresponse()
    rest = b""
    try:
        while len(head := response.read(8)) == 8:
            rest += response.read(struct.unpack(">xxxxI", head)[0])
            *whole, rest = rest.split(b"\n")
            for line in whole:
                time, _, text = line.decode(errors="replace").partition(" ")
                yield time, text
    finally:
        connection.close()


def network(name):
    """Creates a network."""
    call("POST", "/networks/create", {"Name": name, "CheckDuplicate": True, "Labels": {OWN: ""}})


def remove_network(name):
    try:
        call("DELETE", f"/networks/{name}")
    except DockerError as error:
        if "not found" not in str(error):
            raise
