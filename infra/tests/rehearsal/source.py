"""Commits as CodePipeline takes them from a repository."""

import dataclasses
import hashlib
import pathlib
import subprocess


@dataclasses.dataclass(frozen=True)
class Commit:
    """A commit of this repository, or one after it that changes files: (path, text) each."""

    root: pathlib.Path
    name: str
    of: str
    changes: tuple = ()

    @classmethod
    def head(cls, root, revision="HEAD"):
        name = git(root, "rev-parse", "--verify", f"{revision}^{{commit}}")
        return cls(root, name, name)

    def followed_by(self, number, changes=()):
        """A commit that nobody has made: this one with changes."""
        name = hashlib.sha1(f"{self.name} {number} {changes}".encode()).hexdigest()
        return Commit(self.root, name, self.of, (*self.changes, *changes))

    def extract(self, to):
        """Writes the files of the commit into a folder."""
        # Modes as in a checkout, so that Docker's cache knows the files.
        archive = subprocess.Popen(["git", "-c", "tar.umask=0022", "archive", self.of], cwd=self.root, stdout=subprocess.PIPE)
        subprocess.run(["tar", "--extract", "--directory", str(to)], stdin=archive.stdout, check=True)
        if archive.wait():
            raise RuntimeError(f"git archive {self.of} failed")
        for path, text in self.changes:
            (pathlib.Path(to) / path).write_text(text)


def git(root, *arguments):
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"error: git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()
