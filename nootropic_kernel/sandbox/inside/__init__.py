"""The program that confines itself and then becomes the command.

A process of its own runs it with nothing but the standard library; it is then a package without the rest of ours
around it, so that its modules import one another relatively.
"""
