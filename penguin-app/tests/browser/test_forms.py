"""The forms as people use them: by keyboard, with mistakes, and with assistive technology."""

import pytest

from playwright.sync_api import expect
from test_accessibility import findings

# A form with a mistake in it, by the fields that are wrong.
MISTAKES = {"search": ["age", "weeks"], "message": ["name", "email", "message"]}


def make_mistakes(page, form):
    if form == "search":
        page.get_by_label("Age of the chick, in months").fill("old")
        page.get_by_label("At most so many weeks").fill("-1")
        page.get_by_role("button", name="Show classes").click()
    else:
        page.get_by_label("Your email address").fill("pim@floe")
        # The browser would not send this; a server cannot rely on it.
        page.evaluate("document.querySelector('form').noValidate = true")
        page.get_by_label("Your email address").fill("pim")
        page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_be_visible()


@pytest.mark.parametrize("form, path", [("search", "/classes"), ("message", "/contact")])
def test_axe_finds_nothing_in_a_form_with_mistakes(open_page, form, path):
    page = open_page(path, reduced_motion="reduce")
    make_mistakes(page, form)
    for scheme in ("light", "dark"):
        for width in (320, 1280):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 800})
            assert findings(page) == [], f"{scheme}, {width} pixels wide"
            assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("form, path", [("search", "/classes"), ("message", "/contact")])
def test_each_mistake_is_told_with_its_field_and_linked_from_the_summary(open_page, form, path):
    page = open_page(path)
    make_mistakes(page, form)
    assert page.title().startswith("Error: ")
    links = page.get_by_role("alert").get_by_role("link")
    assert sorted(link.get_attribute("href")[1:] for link in links.all()) == sorted(MISTAKES[form])
    for name in MISTAKES[form]:
        field = page.locator(f"#{name}")
        assert field.get_attribute("aria-invalid") == "true"
        described = page.locator("#" + field.get_attribute("aria-describedby"))
        assert len(described.inner_text()) > 10
    links.first.click()
    focused = page.evaluate("document.activeElement.id")
    assert focused == links.first.get_attribute("href")[1:]


def test_a_message_is_sent_by_keyboard_alone(open_page):
    page = open_page("/contact")
    page.get_by_label("Your name").focus()
    page.keyboard.type("Pim")
    page.keyboard.press("Tab")
    page.keyboard.type("pim@floe.example")
    page.keyboard.press("Tab")
    page.keyboard.type("Is there room?")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Your message is with us")
    assert page.url.endswith("/contact?sent")
    page.reload()
    expect(page.get_by_role("status")).to_be_visible()
    assert page.complaints == []


def test_the_search_keeps_what_was_asked_for(open_page):
    page = open_page("/classes")
    page.get_by_label("Where it feels at home").select_option("In the water")
    page.get_by_role("button", name="Show classes").click()
    expect(page.get_by_role("heading", name="One class")).to_be_visible()
    assert page.get_by_label("Where it feels at home").input_value() == "water"
    assert page.locator("#found ~ .cards li").count() == 1
