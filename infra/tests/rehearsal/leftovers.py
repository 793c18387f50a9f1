"""What a rehearsal leaves on the machine, removed at its end or, after a kill, at the start of the next.

Images and volumes that only save time stay: `penguin-builder`, `penguin-rehearsal-…`.
"""

import fcntl
import json
import pathlib
import shutil
import tempfile

import docker

# Locked while a rehearsal runs. Holds the folder and the registry of the last one.
NOTE = open(pathlib.Path(tempfile.gettempdir()) / "penguin-rehearsal.lock", "a+")


def lock():
    """Returns False if another rehearsal is running."""
    try:
        fcntl.flock(NOTE, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def note(folder, registry=None):
    NOTE.seek(0)
    NOTE.truncate()
    json.dump([str(folder), registry], NOTE)
    NOTE.flush()


def remove():
    docker.remove_all()
    NOTE.seek(0)
    folder, registry = json.loads(NOTE.read() or "[null, null]")
    if registry:
        these = ("--filter", f"reference={registry}/*/*")
        images = docker.docker("images", "--format", "{{.Repository}}:{{.Tag}}", *these, check=False)
        if images:
            docker.docker("image", "rm", "--no-prune", *images.split(), check=False)
    if folder:
        shutil.rmtree(folder, ignore_errors=True)
