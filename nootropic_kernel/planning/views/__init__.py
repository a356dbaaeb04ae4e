"""A plan for people: trees, boards, tables, graphs and pages."""
