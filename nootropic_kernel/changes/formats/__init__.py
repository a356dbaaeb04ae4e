"""Edit formats: what a model wrote, made into file edits. One parser a module; every edit fits exactly once."""

from nootropic_kernel.changes.formats.answer import parse_answer
from nootropic_kernel.changes.formats.apply import text_of
from nootropic_kernel.changes.formats.errors import NoUsableEdit

__all__ = ["NoUsableEdit", "parse_answer", "text_of"]
