"""Says how a device fares, once per change."""

from gateway.ports import DeviceOfflineError, DeviceState, DeviceStatus, StatusSink


class StatusReporter:
    """Keeps the last status of one device and tells the sink of changes only."""

    __slots__ = ("_device", "_last", "_sink")

    def __init__(self, device: str, sink: StatusSink) -> None:
        self._device = device
        self._sink = sink
        self._last: DeviceStatus | None = None

    @property
    def state(self) -> DeviceState | None:
        """What was last said; None before the first word."""
        return self._last.state if self._last else None

    def starting(self) -> None:
        """Said before the first contact."""
        self.say(DeviceState.STARTING)

    def online(self) -> None:
        """The device answers."""
        self.say(DeviceState.ONLINE)

    def offline(self, error: DeviceOfflineError, *, because_of: str = "") -> None:
        """The device cannot be reached. The same sentence again is no news, though its details differ."""
        last = self._last
        if last is None or (last.state, last.why) != (DeviceState.OFFLINE, error.template):
            self._tell(DeviceStatus(self._device, DeviceState.OFFLINE, error.template, error.params, because_of))

    def say(self, state: DeviceState, why: str = "", /, **params: object) -> None:
        """Tells the sink, unless it is what it heard last."""
        self._tell(DeviceStatus(self._device, state, why, params))

    def _tell(self, status: DeviceStatus) -> None:
        if status != self._last:
            self._last = status
            self._sink.device_status(status)
