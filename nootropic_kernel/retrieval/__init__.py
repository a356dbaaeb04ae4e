"""Retrieval: the repository cut into chunks, indexed by code-aware words, searched by BM25."""

from nootropic_kernel.retrieval.index import Index
from nootropic_kernel.retrieval.search import Hit, search

__all__ = ["Hit", "Index", "search"]
