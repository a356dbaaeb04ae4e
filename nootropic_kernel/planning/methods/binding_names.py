"""The names that texts of methods may use: checked when a methods file is read, and listed in its README."""

from __future__ import annotations

# Kinds of steps of data work, in the order of the work.
STEP_KINDS = ("get", "clean", "compute", "train", "evaluate", "plot", "keep")

# What `each` may repeat something for.
LISTS = frozenset(
    {"entities", "first_entity", "abilities", "actions", "renames", "targets", "missing", "changes", "every_module",
     "questions", "get_steps", "clean_steps", "compute_steps", "train_steps", "evaluate_steps", "plot_steps",
     "keep_steps", "change_missing", "change_docstrings", "change_edit", "change_around"}
)  # fmt: skip

_PROJECT = {
    "title", "brief", "slug", "brief_line", "brief_text", "target", "target_title", "target_slug", "target_files",
    "fault_name", "fault_files", "package_dir", "package", "tests", "notebook", "readme_lines", "source", "entry_file",
    "data_checks", "wrong_data", "clean_check", "hand_check",
    "first_store", "code", "ending", "test_open", "test_close", "manifest", "run_tests", "run_test_file", "coverage",
    "coverage_check", "readme", "move_files", "upgrade_files", "work_file", "work_test", "work_check", "language",
    "unclear",
}  # fmt: skip
_TECHNOLOGIES = {
    "database", "web_framework", "api_framework", "front_end", "command_framework", "orchestrator", "payment_provider",
    "search_engine", "learning_library", "experiment_tracker", "data_library", "site_generator", "site_config",
    "site_build", "old_technology", "new_technology", "technologies",
}  # fmt: skip
_ELEMENTS = {
    "entity", "Entity", "plural", "Plural", "fields", "field_words", "entity_module", "entity_package", "known",
    "ability", "Ability", "ability_file", "ability_word", "ability_stores",
    "action_stores", "linked_stores", "action", "Action", "action_word", "action_typed", "old", "new",
    "old_problem", "old_files", "old_places", "target_path", "target_module", "target_package", "symbol",
    "undocumented", "target_lines", "target_problem", "change_title", "change_body", "change_files",
    "target_waits", "target_new", "change_waits", "change_slug", "change_test", "mend_files", "speed_about",
    "speed_title", "speed_now", "speed_target", "speed_file", "speed_check", "delete_users", "delete_check",
    "question", "question_name", "step", "Step", "step_before", "step_gives",
}  # fmt: skip
_BEFORE = {f"before_{kind}" for kind in STEP_KINDS} | {"after_steps"}

NAMES = frozenset(_PROJECT | _TECHNOLOGIES | _ELEMENTS | _BEFORE)
