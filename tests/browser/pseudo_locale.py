"""A language in which every word of ours stands between brackets: what stands outside was not translated.

Babel, which finds the words, comes with JupyterLab's server.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from babel.messages.extract import extract_from_dir
from playwright.sync_api import Page, Response

SOURCES = Path(__file__).resolve().parents[2] / "jupyter_extension" / "src"
# JupyterLab's own name for a language that is none.
LOCALE = "ach_UG"
SETTINGS: dict[str, dict[str, object]] = {"@jupyterlab/translation-extension:plugin": {"locale": LOCALE}}

# What a person reads or hears, of what is shown; not code, what a model wrote, what the person typed, and what the
# registry tells of a verb. A text that code or a key stands within is one text.
_SHOWN = """selector => {
  const skipped = 'pre, code, kbd, svg, textarea, .cm-editor, .noo-diff, .noo-id, '
    + '.noo-chat-answer, .noo-chat-question, .noo-verb-head, .noo-form-row label, .noo-form-about';
  const found = [];
  for (const root of document.querySelectorAll(selector)) {
    for (const node of [root, ...root.querySelectorAll('*')]) {
      if (!node.checkVisibility() || node.closest(skipped)) {
        continue;
      }
      for (const name of ['aria-label', 'aria-description', 'title', 'placeholder', 'alt']) {
        found.push(node.getAttribute(name) ?? '');
      }
      const own = [...node.childNodes].filter(child => child.nodeType === Node.TEXT_NODE);
      found.push(own.map(child => child.data).join('\\u0001'));
    }
  }
  return [...new Set(found.filter(text => text.trim() !== ''))];
}"""
_BRACKETS = re.compile(r"⟦[^⟦⟧]*⟧")
_ID = re.compile(r"\b[A-Z]\d+(:\d+)?\b")
_BETWEEN = re.compile(r"[\x01·,;:\n]|\. | – ")


def language_pack(folder: Path) -> Path:
    """A language pack with every word of ours; gives the folder in which Python finds it."""
    words: dict[str, Any] = {
        "": {
            "domain": "nootropic",
            "language": LOCALE.replace("_", "-"),
            "plural_forms": "nplurals=2; plural=(n != 1);",
        }
    }
    method = [("**.ts", "javascript")]
    options = {"**.ts": {"parse_template_string": "true"}}
    for _, _, message, _, _ in extract_from_dir(str(SOURCES), method, options, keywords={"__": None, "_n": (1, 2)}):
        forms = [message] if isinstance(message, str) else list(message)
        translated = [f"⟦{form}⟧" for form in forms]
        # JupyterLab finds neither where a text stands once for itself and once as the singular of two.
        assert words.setdefault(forms[0], translated) == translated, f"{forms[0]!r} has two forms, and has one"
    assert len(words) > 300, "few words were found: does the extraction still work?"
    package = folder / "nootropic_pseudo_pack"
    catalogue = package / "locale" / LOCALE / "LC_MESSAGES" / "nootropic.json"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text(json.dumps(words))
    (package / "__init__.py").write_text("")
    about = folder / "nootropic_pseudo_pack-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: nootropic-pseudo-pack\nVersion: 1\n")
    (about / "entry_points.txt").write_text(f"[jupyterlab.languagepack]\n{LOCALE} = nootropic_pseudo_pack\n")
    return folder


class Told:
    """Everything that the server told a page: names, titles and numbers of it are data, in no language of ours."""

    def __init__(self, page: Page, *known: str) -> None:
        self.texts = list(known)
        self._answers: list[Response] = []
        page.on("response", self._heard)

    def _heard(self, response: Response) -> None:
        if "/nootropic/api/" in response.url and "json" in response.headers.get("content-type", ""):
            self._answers.append(response)

    def outside(self, page: Page, selector: str) -> list[str]:
        """The words that are shown within some parts of the page, stand in no brackets, and are no data."""
        while self._answers:
            self.texts += _strings(json.loads(self._answers.pop().body() or b"null"))
        data = "\n".join(self.texts).casefold()
        found = []
        for text in page.evaluate(_SHOWN, selector):
            rest, count = _ID.sub("·", text), 1
            while count:
                rest, count = _BRACKETS.subn("·", rest)
            for part in _BETWEEN.split(rest):
                words = part.strip(" \t…•→+−✓✗–×?.()").casefold()
                if re.search(r"[^\W\d_]{2}", words) and words not in data:
                    found.append(f"{words!r} in {text!r}")
        return found


def _strings(value: Any) -> list[str]:
    """The texts of a document; not those that programs tell things apart by (`pending`, `in_review`)."""
    if isinstance(value, str):
        return [] if re.fullmatch("[a-z_]+", value) else [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [each for part in parts for each in _strings(part)]
