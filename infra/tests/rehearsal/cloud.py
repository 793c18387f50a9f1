"""The mock of AWS on loopback: ministack with the changes of ../stories/mock_aws.py, and clients for it."""

import functools
import os
import pathlib
import socket
import subprocess
import sys
import time

import botocore.session

REGION = "eu-central-1"
ACCOUNT = "111122223333"
MOCK = pathlib.Path(__file__).resolve().parent.parent / "stories" / "mock_aws.py"
ONE_OFF = pathlib.Path(__file__).with_name("one_off.py")


class Cloud:
    """An account on a mock that ends with this process. `folder` gets its log and its orders, see mock_aws.py."""

    def __init__(self, folder, account=ACCOUNT, region=REGION):
        self.folder, self.account, self.region = pathlib.Path(folder), account, region
        self.orders = self.folder / "orders"
        self.orders.mkdir(parents=True)
        # Bound and never listening: nobody else is given the port before the mock takes it.
        self.place = socket.socket()
        self.place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.place.bind(("127.0.0.1", 0))
        self.port = self.place.getsockname()[1]
        self.log = self.folder / "mock.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(MOCK)],
                env={
                    **os.environ, "MOCK_AWS_PORT": str(self.port), "MOCK_AWS_ORDERS": str(self.orders), "TMPDIR": str(folder),
                    **self.environment, "REGISTRY": self.registry, "MOCK_AWS_ONE_OFF": str(ONE_OFF),
                    # The mock itself must not use the engine.
                    "ENGINE": os.environ.get("DOCKER_HOST", ""),
                    # Of requests to the registry, which say no account.
                    "MINISTACK_ACCOUNT_ID": account, "MINISTACK_REGION": region,
                },
                stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + 120
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"the mock of AWS does not start: {self.log.read_text()[-2000:]}")
                time.sleep(0.05)

    @property
    def registry(self):
        return f"127.0.0.1:{self.port}"

    @property
    def environment(self):
        """Variables with which the `aws` command, and the tool, speak to the mock."""
        return {
            "AWS_ENDPOINT_URL": f"http://{self.registry}", "AWS_ACCESS_KEY_ID": self.account,
            "AWS_SECRET_ACCESS_KEY": "rehearsal", "AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region,
        }  # fmt: skip

    @functools.cache
    def client(self, service):
        """A client of this account for a service, with the operations of boto3's clients."""
        return botocore.session.Session().create_client(
            service, region_name=self.region, endpoint_url=f"http://{self.registry}", aws_access_key_id=self.account,
            aws_secret_access_key="rehearsal",
        )  # fmt: skip

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
