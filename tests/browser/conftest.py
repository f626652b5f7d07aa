"""A real browser at the desk: Debian's chromium, driven through Playwright, and a seller's inbox with something in it."""

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, Request, sync_playwright

from postern.model.envelope import Mail
from postern.model.team import Role
from tests.desk import MIA, hire, link_for, open_desk
from tests.people import Town
from tests.people import town as found_town

AXE = Path(__file__).parent / "axe"
ORDER = "303-5512345-1234567"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless; one for all tests of a module. Where it cannot start, they fail.

    While it is there a loop runs in this thread, and no other test could run one of its own: so it ends with its module.
    """
    path = shutil.which("chromium")
    assert path, "Debian's chromium is needed: apt-get install chromium"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The judge of accessibility, as it was published."""
    octets = (AXE / "axe.min.js").read_bytes()
    assert f"{hashlib.sha256(octets).hexdigest()}  axe.min.js" in (AXE / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    return octets.decode()


@dataclass  # without slots: Playwright hangs a name on whom it calls
class Desk:
    """The desk in a browser. ``complaints`` are what the browser reports: errors, and what the pages' policy stopped.
    ``foreign`` are the requests that went anywhere else.
    """

    town: Town
    origin: str
    browser: Browser
    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def open(self, **options: object) -> Page:
        """A page of a fresh browser, signed in as Mia."""
        context = self.browser.new_context(locale="en-GB", timezone_id="UTC", **options)  # type: ignore[arg-type]
        page = self.watch(context)
        page.goto(self.origin + link_for(self.town, MIA))
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/messages")
        return page

    def watch(self, context: BrowserContext) -> Page:
        """A page, with an eye on what it does."""
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", self._close)
        page.on("request", self._note)
        return page

    def _hear(self, told: ConsoleMessage) -> None:
        if told.type in {"error", "warning"}:
            self.complaints.append(told.text)

    def _close(self, dialog: Dialog) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _note(self, request: Request) -> None:
        if not request.url.startswith((self.origin, "data:", "blob:", "about:")):
            self.foreign.append(request.url)

    def receive(self, mail: Mail, *, hours: float = 1) -> None:
        """A mail comes, is delivered, and time goes by."""
        self.town.receive(mail)
        self.town.deliver()
        self.town.clock.advance(timedelta(hours=hours))


@pytest.fixture
def desk(migrated_sqlite: Path, tmp_path: Path, browser: Browser) -> Iterator[Desk]:
    """Three conversations that wait, one that is answered, one robot."""
    shutil.copy(migrated_sqlite, tmp_path / "postern.db")
    with found_town(f"sqlite:///{tmp_path / 'postern.db'}", tmp_path) as founded:
        started = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=40)
        founded.clock.advance(started - founded.clock.now())
        limits = replace(founded.frame.limits, session_idle_hours=1_000)
        with open_desk(replace(founded, frame=replace(founded.frame, limits=limits))) as (town, visitor):
            hire(town, MIA, "acme", Role.OWNER)
            opened = Desk(town, f"http://127.0.0.1:{visitor.port}", browser)
            _fill(opened)
            yield opened
            for context in browser.contexts:
                context.close()


def _fill(desk: Desk) -> None:
    town = desk.town
    desk.receive(town.from_ann("Is there an index volume?\n\nAnn", Subject="Index volume"), hours=3)
    desk.receive(town.from_ann(f"Where is my atlas?\n\nOrder {ORDER}", Subject=f"Order {ORDER}"))
    answer = f"It left today.\n\nOrder {ORDER}\n\nOn Monday, Ann wrote:\n> Where is my atlas?"
    desk.receive(town.from_acme(answer, Subject="Re: order"))
    desk.receive(town.from_ann("I am away until Monday.", Subject="Out of office", Auto_Submitted="auto-replied"), hours=15)
    desk.receive(town.from_ann(f"One page is torn. Order {ORDER}", Subject=f"Order {ORDER}: torn"), hours=18)
    desk.receive(town.from_ann("Thank you!", Subject="Thanks"))
