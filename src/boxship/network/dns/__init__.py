"""The resolver that containers of user-defined networks ask at 127.0.0.11: a process of its own.

`message` and `zone` are pure; `server` waits on sockets; `process` starts and finds it for the daemon.
"""
