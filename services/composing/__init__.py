"""The services as a process hosts them: each takes what it needs from the process's machinery.

Each service has a module of its own, so that the process of one service does not import the others.
"""
