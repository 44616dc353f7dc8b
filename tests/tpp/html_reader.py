"""A page as a reader of HTML sees it: strict about what browsers forgive, and what a page must not hold."""

from collections import Counter
from collections.abc import Container
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
# What a browser ends an open paragraph for, so that its end tag stands alone.
ENDS_PARAGRAPH = {
    *("address", "article", "aside", "blockquote", "details", "div", "dl", "fieldset", "figure", "footer"),
    *(
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "header",
        "hr",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "ul",
    ),
}
NAMED_BY_CONTENT = {"a", "button", "h1", "h2", "h3", "summary", "title", "th", "option", "legend"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    is_in: frozenset[str]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """What is found in a page, and in `faults` what is wrong with it."""

    faults: list[str] = field(default_factory=list)
    elements: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    @classmethod
    def read(cls, text: str) -> "Page":
        page = cls()
        if not text.startswith("<!doctype html>\n<html lang="):
            page.faults.append("it does not begin with a doctype and the language")
        page.feed(text)
        page.close()
        page.faults += [f"<{element.tag}> is never ended" for element in page.open]
        page._judge()
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs), frozenset(outer.tag for outer in self.open))
        if len(element.attributes) < len(attrs):
            self.faults.append(f"<{tag}> gives an attribute twice: {attrs}")
        if tag in ENDS_PARAGRAPH and "p" in element.is_in:
            self.faults.append(f"<{tag}> in a paragraph")
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            if "svg" not in self.open[-1].is_in:
                self.faults.append(f"<{tag}/> is no end outside of SVG")
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1].tag != tag:
            inside = self.open[-1].tag if self.open else "nothing"
            self.faults.append(f"</{tag}> ends <{inside}>")
            return
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data

    def all(self, *tags: str) -> list[Element]:
        """The elements with these tags, parts of pictures left out."""
        return [element for element in self.elements if element.tag in tags and "svg" not in element.is_in]

    @property
    def ids(self) -> list[str]:
        return [str(e.attributes["id"]) for e in self.elements if "id" in e.attributes]

    @property
    def links(self) -> list[str]:
        return [str(a.attributes.get("href")) for a in self.all("a")]

    @property
    def assets(self) -> list[str]:
        """Addresses of what a browser loads with the page."""
        sheets = [e for e in self.all("link") if e.attributes.get("rel") in {"stylesheet", "icon"}]
        sources = [str(e.attributes["src"]) for e in self.all("script", "img") if "src" in e.attributes]
        return [str(sheet.attributes.get("href")) for sheet in sheets] + sources

    def _judge(self) -> None:
        """What can be said when everything is read."""
        ids = Counter(self.ids)
        self.faults += [f'id="{name}" is given twice' for name, count in ids.items() if count > 1]
        if [len(self.all(tag)) for tag in ("title", "main", "h1")] != [1, 1, 1]:
            self.faults.append("it has not exactly one title, one main part and one first heading")
        labelled = {element.attributes.get("for") for element in self.all("label")}
        for element in self.elements:
            faults = [*_forbidden(element), *_unnamed(element, labelled), *_dangling(element, ids)]
            self.faults += [f"<{element.tag} {element.attributes}>: {fault}" for fault in faults]


def _dangling(element: Element, ids: Container[str]) -> list[str]:
    """References to elements that are not there."""
    names = ("for", "aria-labelledby", "aria-describedby", "aria-controls")
    others = [(name, other) for name in names for other in (element.attributes.get(name) or "").split()]
    return [f"{name} names #{other}, which is not there" for name, other in others if other not in ids]


def _forbidden(element: Element) -> list[str]:
    """What a strict Content-Security-Policy would not let through."""
    given, faults = element.attributes, []
    if "style" in given or any(name.startswith("on") for name in given):
        faults.append("style or script in an attribute")
    if element.tag == "style":
        faults.append("style in the page")
    if element.tag == "script" and "src" not in given and given.get("type") != "application/json":
        faults.append("script in the page")
    if str(given.get("href", "")).startswith(("javascript:", "data:")):
        faults.append("a link that is no address")
    return faults


def _unnamed(element: Element, labelled: set[str | None]) -> list[str]:
    """What somebody who does not see the page would not hear."""
    given = element.attributes
    label = given.get("aria-label")
    if element.tag == "img" and not given.get("alt"):
        return ["no alternative text"]
    if (
        element.tag == "svg"
        and given.get("aria-hidden") != "true"
        and not (given.get("role") == "img" and label)
    ):
        return ["neither hidden nor an image with a label"]
    if element.tag in NAMED_BY_CONTENT and not (element.text.strip() or label):
        return ["no words in it"]
    is_field = element.tag in {"input", "select", "textarea"} and given.get("type") != "hidden"
    if is_field and not (given.get("id") in labelled or "label" in element.is_in or label):
        return ["no label"]
    return []
