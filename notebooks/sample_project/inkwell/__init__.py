"""Small text tools for people who write."""

from inkwell.text import excerpt, reading_minutes, slug

__all__ = ["excerpt", "reading_minutes", "slug"]
