"""The pages in a real browser, with scripts switched off: every button works, nothing is fetched from elsewhere, and
what is shown can be read in light and in dark, on a phone and by the keyboard."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from scenario.harness import SANITIZED, free_port
from scenario.house import BUILD, House, wait_for

webdriver = pytest.importorskip("selenium.webdriver", reason="python3-selenium is not installed")
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

DRIVER = shutil.which("chromedriver")
pytestmark = [pytest.mark.skipif(not DRIVER or not shutil.which("chromium"), reason="no chromium with its driver"),
              pytest.mark.skipif(SANITIZED, reason="the browser is the same, and slow enough")]

SIZES = {"desk": (1100, 900), "phone": (390, 844)}
QUIET = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars"]
MORE = """,
  { id = "deep-work"; kind = "note"; calendar = "Tue,Thu 10:00"; to = [ "ana" ]; title = "Two hours for deep work"; text = "Close the chat, open the editor."; },
  { id = "one-on-one"; kind = "feedback"; calendar = "Wed 14:00"; to = [ "ana" ]; title = "Before you meet Sam"; text = "What would you like to get better at?"; }
"""


class Browser:
    """A browser of its own profile; scripts only where a test measures with them."""

    def __init__(self, scripts=False):
        self.folder = tempfile.mkdtemp(prefix="nudged-browser-")
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for word in [*QUIET, f"--user-data-dir={self.folder}"]:
            options.add_argument(word)
        if not scripts:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service(DRIVER, log_output=subprocess.DEVNULL) if hasattr(Service, "log_output")
                                       else Service(DRIVER), options=options)

    def look(self, size="desk", dark=False):
        width, height = SIZES[size]
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == "phone"})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                    {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})

    def requested(self):
        """Every address that was asked for since the last time."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]

    def picture(self, name):
        """A picture of the whole page, where somebody wants to see it."""
        folder = os.environ.get("NUDGED_PICTURES")
        if folder:
            size = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
            shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {
                "captureBeyondViewport": True, "clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}})
            Path(folder, f"{name}.png").write_bytes(base64.b64decode(shot["data"]))

    def press(self, button):
        """Presses it, and waits until the page that it leads to is whole."""
        before = self.driver.find_element(By.TAG_NAME, "html").id
        button.click()

        def there():
            try:
                return self.driver.find_element(By.TAG_NAME, "html").id != before and self.driver.find_element(By.CSS_SELECTOR, "footer")
            except WebDriverException:
                return False

        wait_for(there)

    def text(self):
        return self.driver.find_element(By.TAG_NAME, "main").text

    def quit(self):
        self.driver.quit()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def house():
    port = free_port()
    with House(reminders=MORE, more=f'listen_admin = "127.0.0.1:{port}";') as house:
        house.admin = f"http://127.0.0.1:{port}/"
        yield house.start()


@pytest.fixture(scope="module")
def browser():
    browser = Browser()
    yield browser
    browser.quit()


@pytest.fixture(scope="module")
def measuring():
    browser = Browser(scripts=True)
    yield browser
    browser.quit()


def page_of(house, person="ana"):
    return house.rows("link", person)[0]["page"]


def record(house, occurrence):
    return next(row for row in house.rows("list", "--all", "--limit", "1000") if row["occurrence"] == occurrence)


def test_scripts_are_really_off(browser):
    browser.driver.get("data:text/html,<p id=x>off</p><script>document.getElementById('x').textContent='on'</script>")
    assert browser.driver.find_element(By.ID, "x").text == "off"


@pytest.mark.parametrize("answer", ["done", "stuck", "snooze", "skip"])
def test_each_button_of_the_answer_page_records_its_answer(house, browser, answer):
    item = house.send()
    browser.driver.get(item["answer_url"])
    browser.driver.find_element(By.NAME, "text").send_keys("a line of mine")
    browser.press(browser.driver.find_element(By.CSS_SELECTOR, f"button[value={answer}]"))
    assert record(house, item["occurrence"])["answer"] == answer
    assert browser.driver.find_element(By.CSS_SELECTOR, "[role=status]").text


def test_the_page_is_answered_by_the_keyboard_alone(house, browser):
    item = house.send()
    browser.driver.get(item["answer_url"])
    browser.driver.switch_to.active_element.send_keys(Keys.TAB)
    for _ in range(30):
        focused = browser.driver.switch_to.active_element
        if focused.get_dom_attribute("value") == "stuck":
            break
        focused.send_keys(Keys.TAB)
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    wait_for(lambda: record(house, item["occurrence"])["answer"] == "stuck")


def test_my_page_answers_rests_and_changes_the_pace(house, browser):
    item = house.send()
    browser.driver.get(page_of(house))
    form = browser.driver.find_element(By.XPATH, f"//input[@value='{item['occurrence']}']/..")
    browser.press(form.find_element(By.CSS_SELECTOR, "button[value=done]"))
    assert record(house, item["occurrence"])["answer"] == "done"
    browser.driver.find_element(By.ID, "until").send_keys("01072035")
    browser.press(browser.driver.find_element(By.XPATH, "//button[.='Rest until then']"))
    assert "Nothing is sent to you until" in browser.text()
    browser.press(browser.driver.find_element(By.XPATH, "//button[.='Go on now']"))
    assert "Rest until then" in browser.text() and not house.rows("status")[0]["pauses"]
    form = browser.driver.find_element(By.XPATH, "//input[@name='reminder' and @value='practice']/..")
    Select(form.find_element(By.TAG_NAME, "select")).select_by_value("less")
    browser.press(form.find_element(By.TAG_NAME, "button"))
    assert [pause["what"] for pause in house.rows("status")[0]["pauses"]] == ["less:ana:practice"]
    house.ctl("resume", "less:ana:practice")


def test_nothing_is_fetched_from_elsewhere(house, browser):
    pages = [house.send()["answer_url"], page_of(house), house.admin]
    browser.requested()
    for address in pages:
        browser.driver.get(address)
    # A browser asks for its icon by itself, and draws its own parts of a form.
    asked = [url for url in browser.requested() if not url.endswith("/favicon.ico") and not url.startswith("data:")]
    assert sorted(asked) == sorted(pages)


def test_no_page_breaks_its_own_policy(house, measuring):
    for address in (house.send()["answer_url"], page_of(house), house.admin):
        measuring.driver.get_log("browser")
        measuring.driver.get(address)
        complaints = [entry["message"] for entry in measuring.driver.get_log("browser") if "favicon" not in entry["message"]]
        assert not complaints


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_page_fits_and_can_be_read(house, measuring, size, dark):
    measuring.look(size, dark)
    for answer in ("done", "stuck"):
        house.ctl("answer", house.send()["occurrence"], answer)
    for name, address in (("answer", house.send()["answer_url"]), ("me", page_of(house)), ("forget", page_of(house) + "/forget"), ("organiser", house.admin),
                          ("refusal", f"http://{house.listen}/a/x")):
        measuring.driver.get(address)
        measuring.picture(f"{name}-{size}-{'dark' if dark else 'light'}")
        width = measuring.driver.execute_script("return document.documentElement.scrollWidth")
        assert width <= SIZES[size][0], f"{name} is {width} wide"
        assert not faint(measuring.driver), (name, faint(measuring.driver))


def faint(driver):
    """Texts whose contrast with what is behind them is under 4.5, and edges of fields under 3 (WCAG 1.4.3, 1.4.11)."""
    return driver.execute_script("""
        const parse = c => { const m = c.match(/[\\d.]+/g).map(Number); return m.length > 3 ? m : [...m, 1]; };
        const light = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
            return .2126 * r + .7152 * g + .0722 * b; };
        const contrast = (a, b) => { const x = light(a), y = light(b); return (Math.max(x, y) + .05) / (Math.min(x, y) + .05); };
        const behind = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c[3] > 0) return c; }
            return [255, 255, 255, 1]; };
        const bad = [];
        for (const e of document.querySelectorAll('main *')) {
            const own = [...e.childNodes].some(n => n.nodeType == 3 && n.textContent.trim());
            const style = getComputedStyle(e);
            const colour = e instanceof SVGElement ? style.fill : style.color;
            if (own && contrast(parse(colour), behind(e)) < 4.5) bad.push([e.outerHTML.slice(0, 80), contrast(parse(colour), behind(e))]);
            if (e.matches('input:not([type=hidden]),select,button:not(.main)') && contrast(parse(style.borderTopColor), behind(e.parentElement)) < 3)
                bad.push([e.outerHTML.slice(0, 80), 'edge', contrast(parse(style.borderTopColor), behind(e.parentElement))]);
        }
        return bad;""")


def test_what_is_pressed_is_large_enough_for_a_finger(house, measuring):
    measuring.look("phone")
    for address in (house.send()["answer_url"], page_of(house)):
        measuring.driver.get(address)
        small = measuring.driver.execute_script("""
            return [...document.querySelectorAll('button,select,input:not([type=hidden]),summary,nav a')].filter(e => e.getClientRects().length)
                .filter(e => e.getBoundingClientRect().height < 24 || e.getBoundingClientRect().width < 24).map(e => e.outerHTML.slice(0, 80));""")
        assert not small
    measuring.look("desk")


AXE = BUILD.parent / "build" / "npm" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: tests/deps installs it")
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_an_independent_checker_of_accessibility_finds_nothing(house, measuring, dark):
    measuring.look("desk", dark)
    house.ctl("answer", house.send()["occurrence"], "done")
    for address in (house.send()["answer_url"], page_of(house), page_of(house) + "/forget", house.admin):
        measuring.driver.get(address)
        measuring.driver.execute_script(AXE.read_text(encoding="utf-8"))
        found = measuring.driver.execute_async_script("""
            const done = arguments[arguments.length - 1];
            axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})
                .then(r => done(r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html.slice(0, 100)).join(' | '))));""")
        assert not found, (address, found)
