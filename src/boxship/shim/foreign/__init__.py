"""Containers whose first process and execs are made by another OCI runtime (runc, crun, …) on the monitor's behalf.

Imported by the monitors of such containers only.
"""
