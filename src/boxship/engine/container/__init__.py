"""The verbs of containers, one file each, over the register of containers."""
