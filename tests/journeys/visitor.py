"""What a person does with a browser, in words; every page they come to is scanned with axe."""

from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import urlparse

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
# What axe judges by: elements with their attributes, numbers aside, and whether there is a text in them.
SHAPE = """() => {
    const said = ({name, value}) => ["value", "content", "nonce"].includes(name) ? name : `${name}=${value}`;
    const shape = element => [element.tagName, ...[...element.attributes].map(said), !element.textContent.trim()];
    const shapes = [...document.querySelectorAll("*")].map(shape);
    return window.innerWidth + JSON.stringify(shapes).replace(/[0-9]+/g, "0");
}"""


@dataclass
class Visitor:
    """One browser profile. ``findings`` are axe's violations; ``complaints`` are console errors and wide pages.

    A page of the shape of one that was scanned at this width is not scanned again, whoever comes to it.
    """

    scanned: ClassVar[set[str]] = set()

    context: BrowserContext
    page: Page
    url: str
    findings: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, browser: Browser, url: str) -> "Visitor":
        context = browser.new_context(viewport=DESK, base_url=url)
        visitor = cls(context, context.new_page(), url)
        visitor.page.on("console", visitor._note)
        return visitor

    def close(self) -> None:
        self.context.close()

    def at_phone(self) -> None:
        self.page.set_viewport_size(PHONE)

    def without_scripts(self) -> Page:
        """The same person, signed in, in a browser that runs no scripts."""
        state = self.context.storage_state()
        browser = self.context.browser
        assert browser
        plain = browser.new_context(
            viewport=PHONE, base_url=self.url, storage_state=state, java_script_enabled=False
        )
        return plain.new_page()

    def go(self, path: str) -> None:
        self.page.goto(path)
        self.look()

    def sign_in(self, username: str, password: str) -> None:
        self.go("/accounts/login/")
        self.page.get_by_label("User name").fill(username)
        self.page.get_by_label("Password").fill(password)
        self.press("Sign in")

    def press(self, words: str) -> None:
        """Presses the button in the main part of the page, and looks at the page it leads to."""
        with self.page.expect_navigation():
            self.page.get_by_role("main").get_by_role("button", name=words).click()
        self.look()

    def press_enter(self) -> None:
        """Presses Enter on what has the focus, and looks at the page it leads to."""
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.look()

    def follow(self, words: str) -> None:
        with self.page.expect_navigation():
            self.page.get_by_role("link", name=words).first.click()
        self.look()

    def fill(self, label: str, value: str) -> None:
        self.page.get_by_label(label, exact=True).fill(value)

    def sees(self, words: str) -> bool:
        return words in self.page.locator("body").inner_text()

    def reloaded_sees(self, words: str) -> bool:
        """Loads the page again and says whether the words are on it now."""
        self.page.reload()
        return self.sees(words)

    @property
    def heading(self) -> str:
        return self.page.locator("h1").inner_text()

    @property
    def path(self) -> str:
        return urlparse(self.page.url).path

    def look(self) -> None:
        """Scans the page as it stands: accessibility, and whether it fits the width of the window."""
        shape = self.page.evaluate(SHAPE)
        if shape not in self.scanned:
            self.scanned.add(shape)
            self._scan()
        wide = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if wide > 0:
            self.complaints.append(f"{self.path}: {wide} px too wide for {self.page.viewport_size}")

    def _scan(self) -> None:
        violations = Axe().run(self.page, options=RULES).response["violations"]
        for violation in violations:
            nodes = "; ".join(node["html"][:160] for node in violation["nodes"][:3])
            self.findings.append(f"{self.path}: {violation['id']}: {violation['help']}: {nodes}")

    def _note(self, message: ConsoleMessage) -> None:
        refused_form = "status of 422" in message.text
        if message.type == "error" and not refused_form:
            self.complaints.append(f"{self.path}: {message.text}")
