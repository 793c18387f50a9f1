"""The carousel by keyboard, by finger, with and without its script, as the ARIA Authoring Practices ask."""

import pytest
from playwright.sync_api import expect

TURN = 6000  # milliseconds for which a slide stays while the slides rotate

START, STOP = "Start slide rotation", "Stop slide rotation"


@pytest.fixture
def home(open_page):
    """The front page, with a clock that moves only when told to and without the time that smooth scrolling takes."""

    def opener(**options):
        page = open_page("/", **options)
        page.clock.install()
        page.reload()
        page.evaluate("document.querySelector('.track').style.scrollBehavior = 'auto'")
        page.evaluate("document.querySelector('.carousel').scrollIntoView({ block: 'center' })")
        return page

    return opener


def in_view(page, number):
    """Waits until slide `number` is the one in view, and the only one that can be reached."""
    slides = page.locator(".slide")
    for index in range(3):
        expect(slides.nth(index)).to_have_js_property("inert", index != number - 1)
    expect(slides.nth(number - 1).locator("h2")).to_be_in_viewport(ratio=1)


def rotation(page, name):
    return page.get_by_role("button", name=name)


def press(page, key, times=1):
    for _ in range(times):
        page.keyboard.press(key)


def live(page):
    return page.locator(".track").get_attribute("aria-live")


def test_roles_and_names(home):
    page = home()
    carousel = page.get_by_role("region", name="Highlights")
    assert carousel.get_attribute("aria-roledescription") == "carousel"
    slides = page.locator(".slide")
    assert slides.evaluate_all("slides => slides.map(s => [s.role, s.ariaRoleDescription, s.ariaLabel])") == [
        ["group", "slide", f"{number} of 3"] for number in (1, 2, 3)
    ]


def test_controls_come_first_and_the_rotation_button_before_the_others(home):
    page = home()
    rotation(page, START).focus()
    names = []
    for _ in range(5):
        names.append(page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.textContent"))
        press(page, "Tab")
    assert names == [START, "Previous slide", "Next slide", "Slides", "Learn more"]


def test_next_and_previous_by_keyboard_go_round(home):
    page = home()
    in_view(page, 1)
    page.get_by_role("button", name="Next slide").focus()
    for key, slide in [("Enter", 2), ("Space", 3), ("Enter", 1)]:
        press(page, key)
        in_view(page, slide)
    press(page, "Shift+Tab")
    for key, slide in [("Enter", 3), ("Space", 2)]:
        press(page, key)
        in_view(page, slide)
    expect(page.get_by_role("button", name="Previous slide")).to_be_focused()


def test_the_link_of_the_slide_in_view_is_the_only_one_in_the_tab_order(home):
    page = home()
    page.get_by_role("button", name="Next slide").focus()
    press(page, "Enter")
    in_view(page, 2)
    press(page, "Tab", 2)
    expect(page.get_by_role("link", name="Sign up today")).to_be_focused()
    press(page, "Tab")
    expect(page.get_by_role("link", name="View details of Fishing Classes")).to_be_focused()


def test_arrow_keys_scroll_the_slides_and_the_script_follows(home):
    page = home()
    page.get_by_role("group", name="Slides").focus()
    press(page, "ArrowRight")
    in_view(page, 2)
    press(page, "ArrowLeft")
    in_view(page, 1)


def test_a_swipe_is_followed(home):
    page = home(has_touch=True, viewport={"width": 320, "height": 800})
    page.locator(".track").evaluate("track => track.scrollTo({ left: track.scrollWidth })")
    in_view(page, 3)
    page.get_by_role("button", name="Next slide").click()
    in_view(page, 1)


def test_nothing_moves_by_itself(home):
    page = home()
    page.clock.run_for(10 * TURN)
    in_view(page, 1)
    assert live(page) == "polite"


def test_rotation_starts_and_stops_by_keyboard_and_says_so(home):
    page = home()
    rotation(page, START).focus()
    press(page, "Enter")
    expect(rotation(page, STOP)).to_be_focused()
    assert live(page) == "off"
    for slide in (2, 3, 1):
        page.clock.run_for(TURN)
        in_view(page, slide)
    press(page, "Space")
    expect(rotation(page, START)).to_be_focused()
    assert live(page) == "polite"
    page.clock.run_for(3 * TURN)
    in_view(page, 1)
    assert rotation(page, START).get_attribute("aria-pressed") is None


def test_rotation_stops_when_the_focus_comes_in_and_does_not_start_again(home):
    page = home()
    rotation(page, START).focus()
    press(page, "Enter")
    press(page, "Tab")
    expect(rotation(page, START)).to_be_visible()
    press(page, "Shift+Tab")
    page.clock.run_for(3 * TURN)
    in_view(page, 1)


def test_rotation_stops_under_the_mouse(home):
    page = home()
    rotation(page, START).click()
    expect(rotation(page, STOP)).to_be_visible()
    page.locator(".track").hover(position={"x": 40, "y": 40})
    expect(rotation(page, START)).to_be_visible()


def test_rotation_stops_when_the_tab_is_hidden(home):
    page = home()
    rotation(page, START).click()
    expect(rotation(page, STOP)).to_be_visible()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(rotation(page, START)).to_be_visible()


def test_no_rotation_for_those_who_asked_for_less_motion(home):
    page = home(reduced_motion="reduce")
    expect(page.locator(".rotate")).to_be_hidden()
    page.locator(".rotate").evaluate("button => button.click()")
    page.clock.run_for(3 * TURN)
    in_view(page, 1)
    page.get_by_role("button", name="Next slide").click()
    in_view(page, 2)


def test_rotation_stops_when_somebody_asks_for_less_motion_meanwhile(home):
    page = home()
    rotation(page, START).click()
    page.emulate_media(reduced_motion="reduce")
    expect(page.locator(".rotate")).to_have_attribute("aria-label", START)


def test_motion_is_smooth_only_for_those_who_did_not_ask_for_less(open_page):
    behaviour = "getComputedStyle(document.querySelector('.track')).scrollBehavior"
    assert open_page("/").evaluate(behaviour) == "smooth"
    assert open_page("/", reduced_motion="reduce").evaluate(behaviour) == "auto"


@pytest.fixture(params=["off", "blocked"])
def without_script(request, open_page):
    """The front page in a browser without scripts, or in one that cannot load them."""

    def opener(width):
        viewport = {"width": width, "height": 800}
        if request.param == "off":
            return open_page("/", java_script_enabled=False, viewport=viewport)
        return open_page("/", blocked="**/*.js", viewport=viewport)

    return opener


@pytest.mark.parametrize("width", [320, 1280])
def test_without_script_the_slides_are_a_row_that_scrolls(without_script, width):
    page = without_script(width)
    expect(page.locator(".controls")).to_be_hidden()
    slides = page.locator(".slide")
    assert slides.count() == 3
    for name in ("Learn more", "Sign up today", "Browse gallery"):
        link = page.get_by_role("link", name=name)
        link.scroll_into_view_if_needed()
        expect(link).to_be_in_viewport()
    link.click()
    page.wait_for_url("**/gallery")


def test_without_script_a_scrollbar_shows_that_there_is_more(without_script, home):
    bar = "track => getComputedStyle(track).scrollbarWidth"
    assert without_script(1280).locator(".track").evaluate(bar) == "auto"
    assert home().locator(".ready .track").evaluate(bar) == "none", "the buttons take its place"


def test_without_script_a_mouse_gets_past_the_first_slide(without_script):
    page = without_script(1280)
    page.locator(".track").hover()
    page.mouse.wheel(1200, 0)
    expect(page.locator(".slide").nth(1).locator("h2")).to_be_in_viewport(ratio=1)


def test_a_resized_window_keeps_its_slide(home):
    page = home()
    page.get_by_role("button", name="Next slide").click()
    in_view(page, 2)
    page.set_viewport_size({"width": 500, "height": 800})
    page.evaluate("document.querySelector('.carousel').scrollIntoView({ block: 'center' })")
    in_view(page, 2)
