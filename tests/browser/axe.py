"""What axe-core finds wrong with a part of a page, for people who use it without eyes, or without a mouse."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Page

_AXE = Path(__file__).resolve().parents[2] / "jupyter_extension" / "node_modules" / "axe-core" / "axe.min.js"

_RUN = """async ([selector, grave]) => {
  const { violations } = await axe.run(selector, { resultTypes: ['violations'] });
  return violations.filter(found => grave.includes(found.impact)).flatMap(({ id, impact, help, nodes }) =>
    nodes.map(node => `${impact} ${id}: ${help}: ${node.target.join(' ')}: ${node.html.slice(0, 200)}`)
  );
}"""


@cache
def _source() -> str:
    if not _AXE.is_file():
        pytest.fail("axe-core is not installed: run `make front-end` first.", pytrace=False)
    return _AXE.read_text()


def serious(page: Page, selector: str) -> list[str]:
    """The serious and critical violations within all parts that a CSS selector names, one line a node."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_source())
    found: list[str] = page.evaluate(_RUN, [selector, ["serious", "critical"]])
    return found
