"""What MDN's HTTP Observatory would say of the site behind TLS, by its published scoring.

The Observatory itself can only look at a public address. Two of its rules are outside of this: the redirect from port
80 is the load balancer's (a test of the templates holds it), and preloading is a promise for the owner of the domain.
"""

import os
import re
import urllib.request

import pytest


@pytest.fixture(scope="module")
def headers(entrance):
    """Of the home page, for a visitor who came to the load balancer over https."""
    if not os.environ.get("PENGUIN_PROXY_BIN"):
        pytest.exit("name the built proxy in PENGUIN_PROXY_BIN: it is the one that knows of https", returncode=4)
    request = urllib.request.Request(f"{entrance}/", headers={"X-Forwarded-Proto": "https"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert len(answer.headers) == len(set(name.lower() for name in answer.headers)), "a header came twice"
        return answer.headers


def policy(headers):
    parts = (directive.split() for directive in headers["Content-Security-Policy"].split(";"))
    return {name: values for name, *values in parts}


def score(headers):
    """Deductions first; the bonuses count only for those who have 90 points without them."""
    csp = policy(headers)
    safe = not any("unsafe" in value or value in ("*", "https:", "data:") for values in csp.values() for value in values)
    age = re.search(r"max-age=(\d+)", headers["Strict-Transport-Security"] or "")
    points = 100
    points -= 0 if safe else 20
    points -= 0 if age and int(age[1]) >= 15_768_000 else 20
    points -= 0 if headers["X-Content-Type-Options"] == "nosniff" else 5
    points -= 0 if headers["X-Frame-Options"] or "frame-ancestors" in csp else 20
    points -= 40 if headers["Set-Cookie"] else 0
    points -= 50 if headers["Access-Control-Allow-Origin"] else 0
    if points < 90:
        return points
    points += 10 if csp.get("default-src") == ["'none'"] else 5 if safe else 0
    points += 5 if "frame-ancestors" in csp else 0
    points += 5 if headers["Referrer-Policy"] in ("no-referrer", "same-origin", "strict-origin-when-cross-origin") else 0
    points += 10 if headers["Cross-Origin-Resource-Policy"] == "same-origin" else 0
    points += 10 if headers["Cross-Origin-Opener-Policy"] == "same-origin" else 0
    points += 10 if headers["Cross-Origin-Embedder-Policy"] == "require-corp" else 0
    return points


def test_every_point_is_earned(headers):
    assert score(headers) == 150


def test_each_header_earns_its_points(headers):
    """Without any one of them the score falls, so the sum above leaves none out."""
    for name in (
        "Content-Security-Policy",
        "Strict-Transport-Security",
        "X-Content-Type-Options",
        "Referrer-Policy",
        "Cross-Origin-Resource-Policy",
        "Cross-Origin-Opener-Policy",
        "Cross-Origin-Embedder-Policy",
    ):
        fewer = {other: headers[other] for other in headers if other.lower() != name.lower()}
        fewer = {other.title(): value for other, value in fewer.items()}
        fewer.setdefault("Content-Security-Policy", "default-src *")
        assert score(Missing(fewer)) < 150, name


class Missing(dict):
    """Header fields by name; `None` for those that are not there."""

    def __missing__(self, _):
        return None
