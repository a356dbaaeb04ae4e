"""Agents: each composes the rooms below for one purpose."""
