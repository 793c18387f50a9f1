"""The same pages in Firefox: silent, with night drawings at night, and with a carousel that works by keyboard."""

import io
import os
import shutil

import pytest
from PIL import Image, ImageStat

from conftest import MISSING, every_page
from firefox import Firefox

LOAD = """(async () => {
    const images = [...document.images];
    for (const image of images) image.loading = "eager";
    await Promise.all(images.map(image => image.decode()));
    return images.every(image => image.naturalWidth > 0);
})()"""


@pytest.fixture(scope="module", params=["light", "dark"])
def scheme(request):
    return request.param


@pytest.fixture(scope="module")
def firefox(scheme, tmp_path_factory):
    executable = os.environ.get("FIREFOX") or shutil.which("firefox-esr") or shutil.which("firefox")
    if not executable:
        pytest.exit("no Firefox: apt-get install firefox-esr, or name it in FIREFOX", returncode=4)
    browser = Firefox(executable, tmp_path_factory.mktemp(scheme), scheme)
    yield browser
    browser.close()


@every_page
def test_firefox_has_nothing_to_complain_about(firefox, url, path):
    firefox.open(url + path)
    assert firefox.evaluate(LOAD), "a drawing did not load"
    assert firefox.complaints == [] or path in MISSING.values()


def test_firefox_would_complain(firefox, url):
    firefox.open(url + "/about")
    firefox.evaluate("""new Promise(done => {
        addEventListener("securitypolicyviolation", () => done(true));
        document.body.append(Object.assign(new Image(), { src: "https://elsewhere.example/a.png" }));
    })""")
    firefox.evaluate("console.error('krill')")
    assert any("Content-Security-Policy" in line for line in firefox.complaints), firefox.complaints
    assert "error: krill" in firefox.complaints


# A point in the sky of each drawing, in parts of its width and height.
SKIES = {"iceberg": (0.5, 0.1), "huddle": (0.03, 0.05), "school": (0.03, 0.05), "fishing": (0.03, 0.05), "snow-forts": (0.6, 0.05)}


@pytest.mark.parametrize("name", SKIES)
def test_drawings_are_those_of_the_night_at_night(firefox, url, scheme, name):
    firefox.open(url + {"school": "/about"}.get(name, "/"))
    assert firefox.evaluate(LOAD)
    box = firefox.evaluate(f"""(() => {{
        const image = document.querySelector('main img[src*="/{name}."]');
        image.scrollIntoView({{ block: "center", behavior: "instant" }});
        const {{ x, y, width, height }} = image.getBoundingClientRect();
        return [x, y, width, height];
    }})()""")
    assert_sky(firefox, scheme, box[0] + box[2] * SKIES[name][0], box[1] + box[3] * SKIES[name][1])


def test_a_drawing_that_is_opened_is_that_of_the_night_at_night(firefox, url, scheme):
    """Here the policy of the drawing itself counts: without a word for its style it stays day."""
    firefox.open(url + "/gallery")
    firefox.open(firefox.evaluate("document.querySelector('.gallery a').href"))
    assert_sky(firefox, scheme, 1280 * 0.03, 800 * 0.05)


def assert_sky(firefox, scheme, x, y):
    """The sky at a point of the window is bright by day and dark at night."""
    shot = Image.open(io.BytesIO(firefox.picture())).convert("L")
    sky = ImageStat.Stat(shot.crop((int(x) - 2, int(y) - 2, int(x) + 3, int(y) + 3))).mean[0]
    assert sky > 150 if scheme == "light" else sky < 80


def test_carousel_works_by_keyboard(firefox, url):
    firefox.open(url + "/")
    firefox.wait_until("document.querySelector('.carousel').matches('.ready')")
    firefox.evaluate("(document.querySelector('.rotate').focus(), null)")
    firefox.press("Tab", "Tab")
    assert firefox.evaluate("document.activeElement.ariaLabel") == "Next slide"
    shown = "[...document.querySelectorAll('.slide')].findIndex(slide => !slide.inert)"
    for key, slide in (("Enter", 1), ("Space", 2), ("Enter", 0)):
        firefox.press(key)
        firefox.wait_until(f"{shown} === {slide}")
        firefox.wait_until(f"Math.abs(document.querySelectorAll('.slide')[{slide}].getBoundingClientRect().x - document.querySelector('.track').getBoundingClientRect().x) < 2")
    firefox.press("Tab", "ArrowRight")
    assert firefox.evaluate("document.activeElement.matches('.track')")
    firefox.wait_until(f"{shown} === 1")
