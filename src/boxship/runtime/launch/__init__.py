"""Launching: the daemon's side of the zygote and of the monitors."""

from boxship.runtime.launch.launcher import Launcher
from boxship.runtime.launch.monitor import Monitor
from boxship.runtime.launch.values import Attach, ExecRequest, ExecState, Exit, StartRequest, WorkFailed
from boxship.runtime.launch.work import Work

__all__ = ["Attach", "ExecRequest", "ExecState", "Exit", "Launcher", "Monitor", "StartRequest", "Work", "WorkFailed"]
