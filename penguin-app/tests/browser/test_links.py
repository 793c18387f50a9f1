"""Every link leads somewhere: pages, fragments, assets, and the addresses in the sitemap."""

import re
import urllib.parse
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

from conftest import ALL, MISSING, PAGES


class Document(HTMLParser):
    """What a page refers to, and the fragments that it offers."""

    def __init__(self, text):
        super().__init__()
        self.links, self.fragments = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if "id" in attributes:
            assert attributes["id"] not in self.fragments, f"two elements with id {attributes['id']}"
            self.fragments.add(attributes["id"])
        # The canonical address belongs to the public name, which need not be the one that is tested here.
        if attributes.get("rel") != "canonical":
            self.links += [attributes[name] for name in ("href", "src") if name in attributes]


def test_every_link_on_every_page_leads_somewhere(fetch):
    documents, broken, followed = {}, [], set()

    def document(path):
        if path not in documents:
            status, headers, body = fetch(path)
            is_page = headers.get_content_type() == "text/html"
            documents[path] = (status, Document(body.decode()) if is_page else None)
        return documents[path]

    waiting = list(ALL.values())
    seen = set(waiting)
    while waiting:
        path = waiting.pop()
        _, page = document(path)
        for link in page.links if page else []:
            parts = urllib.parse.urlsplit(urllib.parse.urljoin(path, link))
            if parts.scheme == "mailto":
                if not re.fullmatch(r"[a-z]+@[a-z-]+\.example", parts.path):
                    broken.append(f"{path}: {link} is no address of the school")
                continue
            if parts.scheme or parts.netloc:
                broken.append(f"{path}: {link} leads away from the site")
                continue
            followed.add(link)
            status, target = document(parts.path)
            if status != (404 if parts.path in MISSING.values() else 200):
                broken.append(f"{path}: {link} is answered with {status}")
            elif parts.fragment and parts.fragment not in target.fragments:
                broken.append(f"{path}: {link}: there is no such fragment")
            if parts.path not in seen:
                seen.add(parts.path)
                waiting.append(parts.path)
    assert broken == []
    # A crawl that saw nothing proves nothing.
    assert len(followed) > 30


def test_the_sitemap_lists_every_page_once(fetch):
    status, _, body = fetch("/sitemap.xml")
    assert status == 200
    space = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
    entries = ElementTree.fromstring(body).findall("s:url", space)
    paths = [urllib.parse.urlsplit(entry.findtext("s:loc", namespaces=space)).path for entry in entries]
    assert sorted(paths) == sorted(PAGES.values())
    for entry in entries:
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", entry.findtext("s:lastmod", namespaces=space))


def test_robots_points_at_the_sitemap(fetch):
    status, _, body = fetch("/robots.txt")
    assert status == 200
    assert re.search(r"^Sitemap: https?://\S+/sitemap\.xml$", body.decode(), re.MULTILINE)


def test_style_and_drawings_refer_to_nothing_elsewhere(fetch):
    assets = set()
    for path in ALL.values():
        assets |= {link for link in Document(fetch(path)[2].decode()).links if link.startswith("/static/")}
    texts = {asset: fetch(asset)[2].decode() for asset in assets if asset.endswith((".css", ".js", ".svg"))}
    assert len(texts) > 10
    for asset, text in texts.items():
        addresses = set(re.findall(r"https?://[^\s\"')]+", text)) - {"http://www.w3.org/2000/svg"}
        assert not addresses, f"{asset} refers to {addresses}"
