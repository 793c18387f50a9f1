"""Everybody can use every page: WCAG 2.2 AA by axe, sizes of targets, reflow, and the tree that a screen reader gets."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from conftest import ALL, bring_everything_in, every_page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SNAPSHOTS = Path(__file__).parent / "snapshots"


def findings(page):
    """What axe has against the page, or could not decide, one line each."""
    options = {"runOnly": RULES, "resultTypes": ["violations", "incomplete"]}
    results = Axe().run(page, options=options).response
    assert results["passes"], "axe looked at nothing"
    return [
        f"{kind}: {rule['id']}: {node['target']}: {node.get('failureSummary') or node['any'] or node['all']}"
        for kind in ("violations", "incomplete")
        for rule in results[kind]
        for node in rule["nodes"]
    ]


@every_page
def test_axe_finds_nothing(open_page, path):
    page = open_page(path, reduced_motion="reduce")
    bring_everything_in(page)
    for scheme in ("light", "dark"):
        for width in (320, 1280):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 800})
            assert findings(page) == [], f"{scheme}, {width} pixels wide"


def test_axe_would_find_something(open_page):
    page = open_page("/")
    page.evaluate("document.querySelector('.slide img').removeAttribute('alt')")
    assert any("image-alt" in finding for finding in findings(page))


def test_axe_finds_nothing_on_the_other_slides(open_page):
    page = open_page("/", reduced_motion="reduce")
    for number in (2, 3):
        page.get_by_role("button", name="Next slide").click()
        expect(page.locator(".slide").nth(number - 1).locator("h2")).to_be_in_viewport(ratio=1)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert findings(page) == [], f"slide {number}, {scheme}"


@every_page
def test_nothing_scrolls_sideways(open_page, path):
    """320 CSS pixels are what is left of 1280 at a zoom of 400 %, 640 at 200 %."""
    page = open_page(path)
    bring_everything_in(page)
    for width in (1600, 800, 640, 320):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": 800, "height": 800})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("document.documentElement.scrollWidth") <= 800, "with text of twice the size"


@every_page
def test_targets_are_large_enough_for_a_flipper(open_page, path):
    page = open_page(path)
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        small = page.evaluate("""() => [...document.querySelectorAll("header a, footer a, .button, button, summary, input, select, textarea")]
            .map(target => [target.textContent || target.ariaLabel, target.getBoundingClientRect()])
            .filter(([, box]) => box.width < 44 || box.height < 44)
            .map(([name, box]) => `${name}: ${box.width} × ${box.height}`)""")
        assert small == [], f"{width} pixels wide"


@every_page
def test_keyboard_reaches_every_link_and_shows_where_it_is(open_page, path):
    page = open_page(path, reduced_motion="reduce")
    wanted = page.evaluate("""() => [...document.querySelectorAll("a[href], summary, button, input, select, textarea")]
        .filter(element => element.checkVisibility() && !element.closest("[inert]")).length""")
    reached = set()
    for _ in range(wanted + 5):
        page.keyboard.press("Tab")
        focus = page.evaluate("""() => {
            const element = document.activeElement;
            if (!element.matches("a, summary, button, input, select, textarea")) return null;
            // Wherever the ring is drawn, on the element or on the card that it opens.
            const ring = [getComputedStyle(element), getComputedStyle(element, "::after")]
                .some(style => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2);
            const box = element.getBoundingClientRect();
            const seen = box.bottom > 0 && box.top < innerHeight && box.left >= 0 && box.right <= innerWidth;
            element.dataset.reached ??= Math.random();
            return [element.dataset.reached, ring, seen, element.textContent.trim() || element.name];
        }""")
        if focus:
            identity, ring, seen, name = focus
            assert ring, f"{name}: the focus cannot be seen"
            assert seen, f"{name}: has the focus but is out of sight"
            reached.add(identity)
    assert len(reached) == wanted


def test_skip_link_leads_past_the_navigation(open_page):
    page = open_page("/about")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    assert skip.evaluate("link => link === document.activeElement && link.getBoundingClientRect().top >= 0")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


@every_page
def test_one_heading_and_the_landmarks(open_page, path):
    page = open_page(path)
    assert page.get_by_role("heading", level=1).count() == 1
    for landmark in ("banner", "main", "contentinfo"):
        assert page.get_by_role(landmark).count() == 1, landmark
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3, h4')].map(h => +h.tagName[1])")
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:])), levels
    assert page.locator("html").get_attribute("lang") == "en"


def test_forced_colours_keep_the_edges_and_the_signs(open_page):
    page = open_page("/", forced_colors="active", color_scheme="dark")
    edges = page.evaluate("""() => [...document.querySelectorAll(".card, .carousel, .button, .controls button")]
        .map(element => getComputedStyle(element).borderTopColor)""")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert edges and all(edge.startswith("rgb(") and edge != ground for edge in edges)
    sign = page.evaluate("getComputedStyle(document.querySelector('.next'), '::before').backgroundColor")
    button = page.evaluate("getComputedStyle(document.querySelector('.next')).backgroundColor")
    assert sign != button


@pytest.mark.parametrize("name", ALL)
def test_screen_readers_get_the_same_tree_as_before(open_page, request, name):
    golden = SNAPSHOTS / f"{name}.yml"
    update = request.config.getoption("--update-snapshots")
    assert update or golden.exists(), f"{name} has no golden tree: --update-snapshots writes one"
    page = open_page(ALL[name])
    tree = page.locator("body").aria_snapshot() + "\n"
    if update:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(tree)
    assert tree == golden.read_text(), "if the new tree is right, run with --update-snapshots"


def test_every_golden_tree_belongs_to_a_page():
    assert {golden.stem for golden in SNAPSHOTS.glob("*.yml")} <= set(ALL)
