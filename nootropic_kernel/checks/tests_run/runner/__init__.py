"""The program that runs a repository's tests: the first process in the sandbox, self-contained, sent as text.

It imports the standard library and pytest before any code of the repository is importable, and nothing of Nootropic:
the modules of this folder import one another relatively, because inside they are a package of another name.
"""
