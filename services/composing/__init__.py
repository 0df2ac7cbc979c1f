"""The services as a process hosts them: each takes what it needs of the process's machinery.

Each is a module of its own, so that the process of one service does not import the others.
"""
