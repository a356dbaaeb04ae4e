"""Hierarchical problems in HDDL: reading them, searching them, and writing a plan as one."""
