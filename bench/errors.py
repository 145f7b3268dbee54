"""What ends one measurement, but not the others."""


class MeasurementFailed(Exception):
    """A run did not do what it was to do; its time is no number."""
