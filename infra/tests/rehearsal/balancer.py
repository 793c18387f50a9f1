"""An Application Load Balancer, played by HAProxy in a container. Targets come and go over HAProxy's runtime API.

If no target is healthy, all that are not draining get requests (fail-open). Not played: TLS towards targets, slow start,
stickiness, WAF, access logs.
"""

import csv
import dataclasses
import io
import socket
import tarfile
import time

import engine
from docker import docker

ADMIN = 9999
# Where the packets go that a security group drops.
NOWHERE = "192.0.2.1"
# Slots for targets of one group.
SLOTS = 40
ALGORITHMS = {"round_robin": "roundrobin", "least_outstanding_requests": "leastconn", "weighted_random": "random"}


@dataclasses.dataclass
class Target:
    """A task in a target group."""

    backend: str
    slot: int
    address: str
    port: int
    # The rule of a security group that is missing, if any.
    blocked: str = None
    state: str = "initial"
    reason: str = ""
    # Requests in flight, and requests that got no response.
    requests: int = 0
    lost: int = 0
    lost_before: int = None
    since: float = dataclasses.field(default_factory=time.monotonic)

    @property
    def reached_at(self):
        return NOWHERE if self.blocked else self.address


def backend(arn):
    return "group-" + arn.rpartition("/")[2]


def seconds(number):
    return f"{max(1, round(float(number) * 1000))}ms"


def actions(listener):
    """Lines of a listener's frontend: the rules, then the default action."""
    for number, rule in enumerate(sorted(listener["Rules"], key=lambda each: int(each["Priority"]))):
        tests = []
        for condition in rule["Conditions"]:
            values = condition.get("Values") or condition.get("PathPatternConfig", condition.get("HostHeaderConfig", {})).get(
                "Values", []
            )
            fetch = {"path-pattern": "path", "host-header": "req.hdr(host),lower"}.get(condition["Field"])
            if fetch is None:
                raise ValueError(f"conditions on {condition['Field']} are not rehearsed")
            patterns = " ".join("^" + each.replace(".", "\\.").replace("*", ".*").replace("?", ".") + "$" for each in values)
            yield f"acl rule{number}-{len(tests)} {fetch} -m reg {patterns}"
            tests.append(f"rule{number}-{len(tests)}")
        yield from action(rule["Actions"][-1], {}, " if " + " ".join(tests))
    yield from action(listener["DefaultActions"][-1], listener["Weights"], "")


def action(it, weights, test):
    match it["Type"]:
        case "forward":
            groups = {arn: weight for arn, weight in weights.items() if arn and weight} or {it["TargetGroupArn"]: 1}
            total, sofar = sum(groups.values()), 0
            test = test or " if TRUE"
            yield f"http-request set-var(txn.dice) rand({total})"
            for arn, weight in groups.items():
                sofar += weight
                here = f"{test} {{ var(txn.dice) -m int lt {sofar} }}"
                yield f"use_backend {backend(arn)}-open{here} {{ nbsrv({backend(arn)}) eq 0 }}"
                yield f"use_backend {backend(arn)}{here}"
        case "redirect":
            to = it["RedirectConfig"]
            code = to["StatusCode"].removeprefix("HTTP_")
            scheme = to.get("Protocol", "#{protocol}").lower().replace("#{protocol}", "http")
            yield f"http-request redirect scheme {scheme} code {code}{test}"
        case "fixed-response":
            yield f"http-request return status {it['FixedResponseConfig']['StatusCode']}{test}"
        case other:
            raise ValueError(f"actions of type {other} are not rehearsed")


def configuration(described, open_listeners, targets, hurry):
    """HAProxy's configuration."""
    idle = seconds(described.balancer_attributes.get("idle_timeout.timeout_seconds", 60))
    out = [
        "global", f"    stats socket ipv4@0.0.0.0:{ADMIN} level admin", "    tune.ssl.default-dh-param 2048",
        "defaults", "    mode http",
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
        "    timeout connect 10s",
        *(f"    timeout {each} {idle}" for each in ("client", "server", "http-keep-alive")),
        # A repeated request would hide one that is lost.
        "    retries 0",
    ]  # fmt: skip
    for listener in open_listeners:
        port, protocol = listener["Port"], listener["Protocol"]
        tls = " ssl crt /balancer.pem alpn h2,http/1.1" if protocol == "HTTPS" else ""
        out += [
            f"frontend listener-{port}", f"    bind :{port}{tls}",
            "    acl forwarded req.fhdr(x-forwarded-for) -m found",
            '    http-request set-header X-Forwarded-For "%[req.fhdr(x-forwarded-for)], %[src]" if forwarded',
            "    http-request set-header X-Forwarded-For %[src] if !forwarded",
            f"    http-request set-header X-Forwarded-Proto {protocol.lower()}",
            f"    http-request set-header X-Forwarded-Port {port}",
            "    http-request set-header X-Amzn-Trace-Id Root=1-%[date,hex,bytes(8,8),lower]-%[uuid,regsub(-,,g),bytes(0,24)]"
            " if !{ req.hdr(x-amzn-trace-id) -m found }",
        ]  # fmt: skip
        out += [f"    {line}" for line in actions(listener)]
    groups = {described.target_group["TargetGroupArn"]}
    for listener in described.listeners:
        groups |= {arn for arn in listener["Weights"] if arn}
        for it in [*listener["DefaultActions"], *(each for rule in listener["Rules"] for each in rule["Actions"])]:
            groups |= {it["TargetGroupArn"]} if "TargetGroupArn" in it else set()
    for arn in sorted(groups):
        out += group_lines(described, arn, idle, targets, hurry)
    return "\n".join(out) + "\n"


def group_lines(described, arn, idle, targets, hurry):
    """A backend with the targets that pass health checks, and one with all."""
    group = described.target_group
    port = "" if group["HealthCheckPort"] == "traffic-port" else f" port {group['HealthCheckPort']}"
    common = [
        f"    balance {ALGORITHMS[described.target_attributes.get('load_balancing.algorithm.type', 'round_robin')]}",
        "    http-reuse always", f"    default-server pool-purge-delay {idle}",
    ]  # fmt: skip
    there = {each.slot: each for each in targets if each.backend == backend(arn)}
    yield from [f"backend {backend(arn)}", *common]
    yield "    option httpchk"
    yield (
        f"    http-check send meth GET uri {group['HealthCheckPath']} ver HTTP/1.1 hdr Host balancer "
        "hdr User-Agent ELB-HealthChecker/2.0 hdr Connection close"
    )
    yield f"    http-check expect status {group['Matcher']['HttpCode']}"
    yield f"    timeout check {seconds(group['HealthCheckTimeoutSeconds'])}"
    yield (
        f"    default-server check inter {seconds(group['HealthCheckIntervalSeconds'] / hurry)} "
        f"fall {group['UnhealthyThresholdCount']} rise {group['HealthyThresholdCount']}{port}"
    )
    yield from servers(there, "healthy")
    yield from [f"backend {backend(arn)}-open", *common]
    yield from servers(there, "healthy", "unhealthy")


def servers(there, *states):
    for slot in range(1, SLOTS + 1):
        target = there.get(slot)
        at = f"{target.reached_at}:{target.port}" if target else "127.0.0.1:1"
        yield f"    server s{slot} {at}{'' if target and target.state in states else ' disabled'}"


class Balancer:
    """A load balancer. `network` is that of its environment."""

    def __init__(self, name, image, network, hurry, say):
        self.name, self.image, self.network, self.hurry, self.say = name, image, network, hurry, say
        self.targets, self.ports, self.text, self.exposed = {}, {}, None, None
        # Slots by backend, longest unused first.
        self.slots = {}
        self.admin = None

    def configure(self, described, open_listeners):
        """Starts HAProxy, or changes its configuration without losing a connection."""
        self.described = described
        text = configuration(described, open_listeners, self.targets.values(), self.hurry)
        if self.text and self.same(text):
            return
        exposed = [described.balancer["DNSName"], *sorted(each["Port"] for each in open_listeners)]
        if self.exposed != exposed:
            self.start(exposed, text)
        else:
            self.copy(text)
            docker("kill", "--signal", "USR2", self.name)
            time.sleep(1)
        self.text = text
        self.wait()
        for target in self.targets.values():
            target.since, target.lost_before = time.monotonic(), None
            if target.state != "healthy":
                self.command(f"set server {target.backend}/s{target.slot} state drain")

    def same(self, text):
        """Whether only servers differ, which are set at run time."""
        return [each for each in text.splitlines() if " server s" not in each] == [
            each for each in self.text.splitlines() if " server s" not in each
        ]

    def start(self, exposed, text):
        engine.remove(self.name)
        bindings = {
            f"{port}/tcp": [{"HostIp": "127.0.0.1", "HostPort": self.ports.get(port, "")}] for port in [*exposed[1:], ADMIN]
        }
        engine.create(
            self.name, self.image, {"NetworkMode": self.network, "PortBindings": bindings},
            network={self.network: {"Aliases": [self.described.balancer["DNSName"]]}},
            Cmd=["haproxy", "-W", "-db", "-f", "/balancer.cfg"], ExposedPorts={each: {} for each in bindings},
        )  # fmt: skip
        self.copy(text)
        engine.start(self.name)
        settings = engine.inspect(self.name)["NetworkSettings"]
        self.ports = {int(key.partition("/")[0]): each[0]["HostPort"] for key, each in settings["Ports"].items() if each}
        self.address = settings["Networks"][self.network]["IPAddress"]
        self.admin, self.exposed = int(self.ports[ADMIN]), exposed

    def copy(self, text):
        """Puts the configuration into the container."""
        files = {"balancer.cfg": text}
        if " ssl crt " in text:
            files["balancer.pem"] = self.certificate()
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for name, content in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(content.encode())
                tar.addfile(entry, io.BytesIO(content.encode()))
        engine.call("PUT", f"/containers/{self.name}/archive", archive.getvalue(), path="/")

    def wait(self, limit=20):
        deadline = time.monotonic() + limit
        while True:
            try:
                return self.command("show info")
            except OSError:
                if time.monotonic() > deadline:
                    log = docker("logs", "--tail", "5", self.name, check=False)
                    raise TimeoutError(f"the load balancer does not start: {log}") from None
                time.sleep(0.1)

    def command(self, text):
        """Sends a command to HAProxy's runtime API."""
        with socket.create_connection(("127.0.0.1", self.admin), 10) as connection:
            connection.sendall(text.encode() + b"\n")
            said = b""
            while part := connection.recv(65536):
                said += part
        if not said:
            raise ConnectionError("no response")
        return said.decode().strip()

    def register(self, key, group, address, port, blocked):
        """Adds a target, which gets no requests before it has passed a health check."""
        slots = self.slots.setdefault(backend(group), list(range(1, SLOTS + 1)))
        used = {each.slot for each in self.targets.values()}
        slot = next(each for each in slots if each not in used)
        # HAProxy keeps the last result of a check until the next one, also when the address changes.
        slots.append(slots.pop(slots.index(slot)))
        self.targets[key] = target = Target(backend(group), slot, address, port, blocked)
        self.locate(target)
        self.set(target, "drain")

    def locate(self, target):
        for suffix in ("", "-open"):
            self.command(f"set server {target.backend}{suffix}/s{target.slot} addr {target.reached_at} port {target.port}")

    def set(self, target, state, open_state=None):
        self.command(f"set server {target.backend}/s{target.slot} state {state}")
        self.command(f"set server {target.backend}-open/s{target.slot} state {open_state or state}")

    def block(self, target, blocked):
        """Makes a target unreachable, or reachable again."""
        target.blocked = blocked
        self.locate(target)

    def drain(self, key):
        """Sends no new requests to a target."""
        target = self.targets[key]
        target.state, target.reason = "draining", ""
        self.set(target, "drain")

    def deregister(self, key):
        """Closes what is left and frees the slot."""
        target = self.targets.pop(key)
        for suffix in ("", "-open"):
            self.command(f"shutdown sessions server {target.backend}{suffix}/s{target.slot}")
        self.set(target, "maint")

    def look(self):
        """Reads the states of all targets."""
        if not self.targets:
            return
        rows = csv.DictReader(io.StringIO(self.command("show stat").removeprefix("# ")))
        found = {(row["pxname"], row["svname"]): row for row in rows}
        for target in self.targets.values():
            self.judge(target, *(found[f"{target.backend}{suffix}", f"s{target.slot}"] for suffix in ("", "-open")))

    def judge(self, target, row, open_row):
        group = self.described.target_group
        lost = sum(int(each[key] or 0) for each in (row, open_row) for key in ("econ", "eresp"))
        target.lost_before = lost if target.lost_before is None else target.lost_before
        target.lost = 0 if target.blocked else lost - target.lost_before
        target.requests = 0 if target.blocked else int(row["scur"] or 0) + int(open_row["scur"] or 0)
        if target.state == "draining":
            return
        check = row["check_status"].removeprefix("* ")
        passed = check == "L7OK"
        up = int(row["check_health"] or 0) >= int(row["check_rise"] or 1)
        # HAProxy takes a new target out at the first failure.
        patience = group["UnhealthyThresholdCount"] * group["HealthCheckIntervalSeconds"] / self.hurry
        if passed and (target.state == "initial" or target.state == "unhealthy" and up):
            # A new target needs one passed check:
            # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
            target.state, target.reason = "healthy", ""
            self.set(target, "ready")
        elif not up and not passed and check not in ("", "INI") and time.monotonic() - target.since > patience:
            said = row["check_code"] if check == "L7STS" else row["last_chk"] or row["check_desc"] or check
            if target.state != "unhealthy":
                self.set(target, "ready" if target.state == "healthy" else "drain", "ready")
            target.state = "unhealthy"
            target.reason = f"failed the health check {group['HealthCheckPath']}: {target.blocked or said}"

    def certificate(self):
        """A certificate that no one trusts, for listeners with TLS."""
        name = self.described.balancer["DNSName"][:60]
        openssl = "openssl req -x509 -newkey rsa:2048 -nodes -days 30 -keyout - -out -"
        return docker("run", "--rm", "--label", engine.OWN, self.image, *openssl.split(), "-subj", f"/CN={name}")

    def stop(self):
        engine.remove(self.name)
