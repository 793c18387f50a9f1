"""Pictures of the site: the one in the README, and all pages in all sizes for somebody who changed the design.

    python penguin-app/tests/browser/screenshots.py http://localhost:8080 --readme
    python penguin-app/tests/browser/screenshots.py http://localhost:8080 --all /tmp/pictures
    python penguin-app/tests/browser/screenshots.py http://localhost:8080 --icons

The fonts are those of the machine: `apt-get install fonts-quicksand fonts-lato` gives what the README shows.
"""

import argparse
import io
import os
import struct
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from conftest import ALL, bring_everything_in

ROOT = Path(__file__).resolve().parents[3]
WIDTHS = (320, 800, 1600)
SCHEMES = ("light", "dark")


def picture(browser, address, width, scheme):
    """One page as PNG."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="no-preference"
    )
    page = context.new_page()
    page.goto(address)
    bring_everything_in(page)
    shot = page.screenshot(full_page=True)
    context.close()
    return shot


def slim(shot):
    """The same picture in 256 colours. Those that are far from all others keep a place: a scarf must stay red."""
    palette = shot.quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=2)
    return shot.quantize(palette=palette)


def readme(browser, url):
    """The front page in light colours."""
    shot = Image.open(io.BytesIO(picture(browser, url + "/", 1280, "light"))).convert("RGB")
    target = ROOT / "docs" / "site.png"
    target.parent.mkdir(exist_ok=True)
    slim(shot).save(target, optimize=True)
    print(f"{target}: {target.stat().st_size} bytes")


def everything(browser, url, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in ALL.items():
        for width in WIDTHS:
            for scheme in SCHEMES:
                target = folder / f"{name}-{width}-{scheme}.png"
                target.write_bytes(picture(browser, url + path, width, scheme))
    print(f"{folder}: {len(ALL) * len(WIDTHS) * len(SCHEMES)} pictures")


def drawn(browser, drawing, width, height):
    """An SVG file of `docs/drawings` or `static` at a size in pixels."""
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    page.goto(drawing.as_uri())
    shot = Image.open(io.BytesIO(page.screenshot(omit_background=True)))
    shot.load()
    context.close()
    return shot


def icons(browser):
    """The pictures that cannot be SVG: for phones, for shared links, and for browsers that ask for a favicon."""
    sources, static = ROOT / "docs" / "drawings", ROOT / "static"
    touch = drawn(browser, sources / "touch.svg", 180, 180).convert("RGB")
    touch.save(static / "icons" / "touch.png", optimize=True)
    share = drawn(browser, sources / "share.svg", 1200, 630).convert("RGB")
    slim(share).save(static / "icons" / "share.png", optimize=True)
    sizes = {size: io.BytesIO() for size in (16, 32)}
    for size, file in sizes.items():
        drawn(browser, static / "icons" / "penguin.svg", size, size).save(file, "PNG", optimize=True)
    (static / "favicon.ico").write_bytes(ico({size: file.getvalue() for size, file in sizes.items()}))


def ico(pictures):
    """An icon file: a small directory, and the PNG files behind it."""
    header, offset, body = struct.pack("<3H", 0, 1, len(pictures)), 6 + 16 * len(pictures), b""
    for size, picture in pictures.items():
        header += struct.pack("<4B2H2I", size, size, 0, 0, 1, 32, len(picture), offset + len(body))
        body += picture
    return header + body


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url", help="where the site is served")
    parser.add_argument("--readme", action="store_true", help="write docs/site.png")
    parser.add_argument("--icons", action="store_true", help="write the icons below static/")
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every page, in every width, light and dark")
    arguments = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        url = arguments.url.rstrip("/")
        if arguments.icons:
            icons(browser)
        if arguments.readme:
            readme(browser, url)
        if arguments.all:
            everything(browser, url, arguments.all)
        browser.close()


if __name__ == "__main__":
    main()
