"""Requests through a load balancer during a rollout: how many were answered, and how many were lost."""

import collections
import http.client
import ssl
import threading
import time
import urllib.parse

TIMEOUT = 30


class Load:
    """Sends `rate` requests a second from `clients` threads. Half of the clients keep their connection."""

    def __init__(self, url, rate=150, clients=10, path="/"):
        parts = urllib.parse.urlsplit(url)
        self.tls, self.address, self.path = parts.scheme == "https", (parts.hostname, parts.port), path
        self.pause, self.clients = clients / rate, clients
        self.ended, self.lock = threading.Event(), threading.Lock()
        self.sent = self.answered = self.lost = 0
        # What happened to those that were lost: text → how often.
        self.problems = collections.Counter()
        self.slowest, self.threads, self.began = 0.0, [], 0.0

    def start(self):
        self.began = time.monotonic()
        for number in range(self.clients):
            thread = threading.Thread(
                target=self.client, args=(number % 2 == 0, number * self.pause / self.clients), daemon=True
            )
            thread.start()
            self.threads.append(thread)

    def finish(self):
        """Ends the load and returns it, as its own report."""
        self.ended.set()
        for thread in self.threads:
            thread.join()
        self.took = time.monotonic() - self.began
        return self

    def __str__(self):
        text = f"{self.sent} requests in {self.took:.0f} s, {self.answered} answered with 2xx, {self.lost} lost"
        text += f", slowest {self.slowest:.2f} s"
        return text + "".join(f"; {number} × {problem}" for problem, number in self.problems.most_common(3))

    def connect(self):
        if not self.tls:
            return http.client.HTTPConnection(*self.address, timeout=TIMEOUT)
        # The certificate of a rehearsal is signed by nobody.
        return http.client.HTTPSConnection(*self.address, timeout=TIMEOUT, context=ssl._create_unverified_context())

    def client(self, keeps, delay):
        connection, due = None, time.monotonic() + delay
        while not self.ended.wait(max(0, due - time.monotonic())):
            # A client that was late does not catch up.
            due = max(due + self.pause, time.monotonic())
            connection = connection or self.connect()
            fresh, began = connection.sock is None, time.monotonic()
            closes = self.request(connection, keeps, fresh, began)
            if closes or not keeps:
                connection.close()
                connection = None
        if connection:
            connection.close()

    def request(self, connection, keeps, fresh, began):
        """Sends a request and returns whether the connection is used up."""
        problem, closes = None, True
        try:
            connection.request("GET", self.path, headers={"Connection": "keep-alive" if keeps else "close"})
            response = connection.getresponse()
            response.read()
            closes = response.will_close
            problem = None if response.status < 300 else f"HTTP {response.status}"
        except http.client.RemoteDisconnected as error:
            # An idle connection may be closed at any time; a browser repeats the request on a new one.
            problem = None if not fresh else f"{type(error).__name__}: {error}"
            if not fresh:
                return True
        except (OSError, http.client.HTTPException) as error:
            problem = f"{type(error).__name__}: {error}"
        with self.lock:
            self.sent += 1
            self.slowest = max(self.slowest, time.monotonic() - began)
            if problem:
                self.lost += 1
                self.problems[f"{problem} after {began - self.began:.0f} s"] += 1
            else:
                self.answered += 1
        return closes
