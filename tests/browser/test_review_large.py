"""A review of 50 MB: a summary at once, hunks on demand, and a window that never hangs."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.browser.lab import Lab
from tests.browser.test_review_panel import again, hunk
from tests.conftest import git

pytestmark = [pytest.mark.browser, pytest.mark.deep, pytest.mark.timeout(900)]

LINES, PLACES = 270_000, 20_000
_WATCH = """() => {
  window.longest = 0;
  new PerformanceObserver(list => list.getEntries().forEach(entry => {
    window.longest = Math.max(window.longest, entry.duration);
  })).observe({ entryTypes: ['longtask'] });
}"""
_HEAP = "() => performance.memory.usedJSHeapSize / 1e6"
_TOOK = """() => performance.getEntriesByType('resource').filter(entry => entry.name.includes('capabilities/diff'))
  .map(entry => Math.round(entry.duration))"""


@pytest.fixture
def huge(repo: Path, workspace: Workspace) -> str:
    """A proposal with one hunk of 50 MB, and a file with 20,000 small ones."""
    one, two = ("".join(f"{word} {k} {'x' * 80}\n" for k in range(LINES)).encode() for word in ("before", "after"))
    many = "".join(f"value {k} = {k}\n" + "same\n" * 8 for k in range(PLACES)).encode()
    assert len(one) + len(two) > 50_000_000
    (repo / "one.txt").write_bytes(one)
    (repo / "many.txt").write_bytes(many)
    git(repo, "add", ".")
    git(repo, "commit", "-qm", "Large files")
    edits = [FileEdit("one.txt", one, two), FileEdit("many.txt", many, many.replace(b"value", b"other"))]
    database = StateDatabase.open(workspace)
    try:
        made = ProposalStore(database, workspace).propose(
            build_changeset(edits, Provenance(title="Huge", how="person"))
        )
        assert len(made.changeset.hunks) == 1 + PLACES
        return made.id
    finally:
        database.close()


def test_a_review_of_50_mb_stays_usable(lab: Lab, repo: Path, huge: str) -> None:
    page = lab.page
    lab.open("nootropic:review-proposal")
    page.wait_for_timeout(3000)
    before = page.evaluate(_HEAP)
    page.evaluate(_WATCH)
    lab.command("nootropic:review-proposal", id=huge)
    review = page.locator(f"#nootropic-proposal-{huge}")
    # The files stand there first, and which one is being read.
    expect(review.locator('[data-action="open many.txt"]')).to_be_visible(timeout=120_000)
    expect(review.locator(".noo-review-hunk").first).to_be_visible(timeout=120_000)
    expect(review.locator(".noo-notice")).to_contain_text("This proposal is large")
    for side in ("before 0", "after 0"):
        expect(hunk(review, "P1:1")).to_contain_text(side)
    lab.picture("review-huge-one")
    review.locator('[data-action="open many.txt"]').click()
    expect(hunk(review, "P1:2")).to_be_visible(timeout=120_000)
    expect(review.locator(".noo-review-pages").first).to_contain_text("of 100")
    review.get_by_role("button", name="Hunks after").first.click()
    expect(hunk(review, "P1:202")).to_be_visible(timeout=120_000)
    lab.picture("review-huge-many")
    page.keyboard.press("n")
    hunk(review, "P1:202").get_by_role("button", name="Accept P1:202").click()
    expect(hunk(review, "P1:202")).to_have_attribute("data-state", "accepted", timeout=180_000)
    assert "other 200 = 200" in (repo / "many.txt").read_text()
    longest, heap = page.evaluate("() => window.longest"), page.evaluate(_HEAP) - before
    print(f"\nlongest task {longest:.0f} ms, heap +{heap:.0f} MB, answers {page.evaluate(_TOOK)} ms")
    assert longest < 1000 and heap < 100
    assert again(lab, huge).locator(".noo-review-hunk").count() <= 200
