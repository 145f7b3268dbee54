"""The verbs of execs: further processes in a running container."""
