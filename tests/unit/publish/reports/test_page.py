"""The page to forward, in a real browser: it stands alone, looks right, and shows hostile words as text.

`UPDATE_IMAGES=1 pytest tests/unit/publish/reports/test_page.py` also writes the pictures in docs/images.
"""

import os
import pathlib
import re
import shutil
import subprocess
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests import browser
from tests.unit.publish.reports import sample

from inspect_operator.publish.reports import as_page, reading

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]
IMAGES = pathlib.Path(__file__).resolve().parents[4] / "docs" / "images"
CONTROL = """<!doctype html><img src="http://tracker.example/a.png"><script>console.error("seen")</script>"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[browser.Page]:
    async with browser.opened(tmp_path_factory.mktemp("profile")) as made:
        yield made


def _written(tmp_path: pathlib.Path, *inspects: sample.Object) -> pathlib.Path:
    path = tmp_path / "report.html"
    path.write_text(as_page.write(sample.report(*inspects)), encoding="utf-8")
    return path


async def test_a_page_that_asks_and_complains_is_found_out(page: browser.Page, tmp_path: pathlib.Path) -> None:
    control = tmp_path / "control.html"
    control.write_text(CONTROL)
    await page.open(control)
    assert "http://tracker.example/a.png" in page.seen.requests
    assert any("seen" in one for one in page.seen.complaints)


async def test_hostile_words_are_text_and_nothing_is_asked_for(page: browser.Page, tmp_path: pathlib.Path) -> None:
    path = _written(tmp_path)
    await page.open(path)
    asked = {url for url in page.seen.requests if not url.startswith("data:")}
    assert asked == {path.as_uri()}
    assert page.seen.complaints == []
    assert await page.value("document.querySelectorAll('script, img, iframe, object, embed, [style]').length") == 0
    found = await page.value("[...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames()).join(' ')")
    assert not re.search(r"\bon\w+", found), "no handlers"
    shown = await page.value("document.body.textContent")
    hostile = reading.text(sample.HOSTILE)
    assert shown.count(hostile) >= 8
    assert "</pre></details><img src=x onerror=alert(1)>" in shown


async def test_the_policy_holds_back_what_would_get_in(page: browser.Page, tmp_path: pathlib.Path) -> None:
    path = _written(tmp_path)
    broken = "<script>document.title='owned'</script><img src=http://tracker.example/b.png><b style=color:red>x</b>"
    path.write_text(path.read_text(encoding="utf-8").replace("<footer>", f"<footer>{broken}"), encoding="utf-8")
    await page.open(path)
    assert await page.value("document.title") == "4 of 9 tasks did not pass · host-health, payments"
    refusals = [one for one in page.seen.complaints if "Content Security Policy" in one]
    assert len(refusals) == 3, page.seen.complaints


@pytest.mark.parametrize(
    ("name", "dark", "width"), [("light", False, 1100), ("dark", True, 1100), ("phone", False, 390)]
)
async def test_it_looks_right_in(page: browser.Page, tmp_path: pathlib.Path, name: str, dark: bool, width: int) -> None:
    await page.open(_written(tmp_path, sample.HEALTH), dark=dark, width=width)
    red, green, blue = map(int, re.findall(r"\d+", await page.value("getComputedStyle(document.body).backgroundColor")))
    assert (max(red, green, blue) < 60) if dark else (min(red, green, blue) > 200)
    assert await page.value("document.documentElement.scrollWidth") <= width, "nothing has to be scrolled sideways"
    picture = await page.picture()
    assert len(picture) > 20_000
    if os.environ.get("UPDATE_IMAGES"):
        _keep(picture, IMAGES / f"report-{name}.png")
    assert (IMAGES / f"report-{name}.png").stat().st_size < 150_000, "UPDATE_IMAGES=1, with pngquant installed"


async def test_a_link_to_a_task_unfolds_it(page: browser.Page, tmp_path: pathlib.Path) -> None:
    await page.open(_written(tmp_path, sample.HEALTH), fragment="#task-0")
    opened = "[...document.querySelectorAll('details.task')].map(one => one.open)"
    assert await page.value(opened) == [True, False, False, False, False]
    target = await page.value("document.querySelector('.points a').getAttribute('href')")
    assert target == "#task-0"


async def test_chinese_words_say_so_and_are_drawn(page: browser.Page, tmp_path: pathlib.Path) -> None:
    await page.open(_written(tmp_path, sample.HEALTH))
    found = await page.value("[...document.querySelectorAll('[lang=zh-Hans]')].map(one => one.textContent)")
    assert "无CPU降频" in found
    assert not any(re.fullmatch(r"[ -~]*", text) for text in found)
    assert await page.value("document.documentElement.lang") == "en"


async def test_print_unfolds_everything(page: browser.Page, tmp_path: pathlib.Path) -> None:
    await page.open(_written(tmp_path, sample.HEALTH))
    await page.call("Emulation.setEmulatedMedia", media="print")
    heights = await page.value("[...document.querySelectorAll('.task .body')].map(one => one.offsetHeight)")
    assert all(height > 20 for height in heights), heights


def _keep(picture: bytes, path: pathlib.Path) -> None:
    path.parent.mkdir(exist_ok=True)
    if pngquant := shutil.which("pngquant"):
        picture = subprocess.run(
            [pngquant, "--speed", "1", "64", "-"], input=picture, capture_output=True, check=True
        ).stdout
    path.write_bytes(picture)
