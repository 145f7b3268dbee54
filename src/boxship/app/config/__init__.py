"""What `boxship daemon` is told: by its command line, else by its configuration file, else by default.

A key more is a line in options.py, a field in values.py and a line of help in usage.py.
"""

from boxship.app.config.command_line import parse_arguments
from boxship.app.config.values import DaemonConfig, UsageError

__all__ = ["DaemonConfig", "UsageError", "parse_arguments"]
