"""Every page as a browser meets it: silent, at rest, small, on its own, and readable without what it may lack."""

import http.client
import urllib.parse

import pytest
from playwright.sync_api import expect

from conftest import ALL, PAGES, bring_everything_in, every_page

FIRST_VISIT = 14_000  # bytes of HTML, style and script, compressed: what one round trip can carry
WHOLE_PAGE = 60_000  # bytes of everything, compressed


@every_page
def test_nothing_to_complain_about_and_no_third_party(open_page, url, path):
    page = open_page(path)
    bring_everything_in(page)
    page.emulate_media(color_scheme="dark")
    expected = [] if path in PAGES.values() else [line for line in page.complaints if "404" in line]
    assert page.complaints == expected
    assert [address for address in page.requested if not address.startswith(url + "/")] == []


@every_page
def test_nothing_jumps_while_the_page_loads(open_page, path):
    page = open_page("/robots.txt")
    page.add_init_script("""
        window.shifts = 0;
        new PerformanceObserver(list => { for (const e of list.getEntries()) window.shifts += e.value; })
            .observe({ type: "layout-shift", buffered: true });
    """)
    address = urllib.parse.urljoin(page.url, path)
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(address)
        bring_everything_in(page)
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert page.evaluate("shifts") == 0, f"{width} pixels wide"


def test_nothing_jumps_would_notice_a_jump(open_page):
    page = open_page("/about")
    page.evaluate("""() => new Promise(done => {
        window.shifts = 0;
        new PerformanceObserver(list => { for (const e of list.getEntries()) window.shifts += e.value; done(); })
            .observe({ type: "layout-shift", buffered: true });
        const block = document.createElement("div");
        block.style.height = "300px";
        document.querySelector("main").prepend(block);
    })""")
    assert page.evaluate("shifts") > 0


def sent(address):
    """How many bytes the server sends for this address to a browser, and of which type."""
    parts = urllib.parse.urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    connection.request("GET", parts.path, headers={"Accept-Encoding": "gzip, br, zstd"})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return len(body), answer.headers.get_content_type()


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_the_first_visit_is_small(open_page, path):
    page = open_page(path)
    bring_everything_in(page)
    sizes = {address: sent(address) for address in set(page.requested)}
    words = sum(size for size, kind in sizes.values() if kind in ("text/html", "text/css", "text/javascript"))
    assert 0 < words <= FIRST_VISIT
    assert sum(size for size, _ in sizes.values()) <= WHOLE_PAGE


@every_page
def test_without_style_and_drawings_the_words_are_all_there(browser, url, path):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.route("**/static/**", lambda route: route.abort())
    page.goto(url + path)
    text = page.locator("main").inner_text()
    heading = page.get_by_role("heading", level=1).inner_text()
    assert heading in text and len(text) > 80
    assert page.evaluate("[...document.images].every(image => image.hasAttribute('alt'))")
    context.close()


@pytest.mark.parametrize("width", [320, 800, 1600])
def test_the_first_view_holds_a_call_to_action_and_the_wide_one_a_picture_at_the_right(open_page, width):
    page = open_page("/", viewport={"width": width, "height": 900})
    expect(page.locator(".landing .cta a").first).to_be_in_viewport(ratio=1)
    if width > 320:
        picture = page.locator(".landing img")
        expect(picture).to_be_in_viewport(ratio=1)
        assert picture.bounding_box()["x"] >= width * 0.45


def test_a_drawing_of_the_gallery_opens_without_script(open_page):
    page = open_page("/gallery", java_script_enabled=False)
    page.locator(".gallery a").first.click()
    page.wait_for_url("**/static/drawings/*.svg")
    assert page.evaluate("document.documentElement.localName") == "svg"


def test_printed_paths_belong_to_a_host_that_the_page_names(open_page):
    page = open_page("/about")
    note = page.locator(".printed")
    assert not note.is_visible()
    page.emulate_media(media="print")
    assert note.is_visible()
    host = page.evaluate("new URL(document.querySelector('link[rel=canonical]').href).origin")
    assert f"{host}/about" in note.inner_text()


def test_printed_the_slides_stand_below_each_other_and_the_controls_stay_away(open_page):
    page = open_page("/")
    page.emulate_media(media="print")
    tops = page.locator(".slide").evaluate_all("slides => slides.map(s => s.getBoundingClientRect().top)")
    assert tops == sorted(tops) and len(set(tops)) == 3
    for selector in (".controls", "header nav", "footer nav", ".skip"):
        assert not page.locator(selector).is_visible(), selector
    printed = page.evaluate("getComputedStyle(document.querySelector('.slide a'), '::after').content")
    assert "/about" in printed


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_head_of_the_document(open_page, fetch, path):
    page = open_page(path)
    head = page.evaluate("""() => ({
        title: document.title,
        description: document.querySelector("meta[name=description]").content,
        canonical: document.querySelector("link[rel=canonical]").href,
        shared: document.querySelector("meta[property='og:url']").content,
        image: document.querySelector("meta[property='og:image']").content,
        themes: document.querySelectorAll("meta[name=theme-color]").length,
        robots: document.querySelector("meta[name=robots]")?.content ?? null,
    })""")
    assert "Penguin School" in head["title"] and 40 <= len(head["description"]) <= 160
    assert urllib.parse.urlsplit(head["canonical"]).path == path and head["shared"] == head["canonical"]
    assert head["themes"] == 2 and head["robots"] is None
    status, headers, picture = fetch(urllib.parse.urlsplit(head["image"]).path)
    assert (status, headers["Content-Type"]) == (200, "image/png")
    width, height = (int.from_bytes(picture[at : at + 4], "big") for at in (16, 20))
    assert (width, height) == (1200, 630)


def test_a_missing_page_asks_not_to_be_indexed(open_page):
    page = open_page(ALL["not-found"])
    assert page.locator("meta[name=robots]").get_attribute("content") == "noindex"
    assert page.locator("link[rel=canonical]").count() == 0


def test_structured_data_tells_of_the_school_and_its_three_classes(open_page):
    page = open_page("/")
    graph = page.evaluate("JSON.parse(document.querySelector('[type=\"application/ld+json\"]').textContent)['@graph']")
    assert [entry["@type"] for entry in graph] == ["EducationalOrganization", "Course", "Course", "Course"]
    assert all(course["provider"]["@id"] == graph[0]["@id"] for course in graph[1:])
    assert len({course["url"] for course in graph[1:]}) == 3


def test_the_manifest_names_icons_that_exist(open_page, fetch):
    page = open_page("/")
    manifest = page.evaluate("fetch('/site.webmanifest').then(answer => answer.json())")
    assert manifest["name"] == "Penguin School"
    for icon in manifest["icons"]:
        status, headers, _ = fetch(icon["src"])
        assert (status, headers["Content-Type"]) == (200, icon["type"])
