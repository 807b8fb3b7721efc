"""What the card knows while it has power: where it is, what was proven, the last challenge."""

from simulators.cards.apdu import Status, StatusError
from simulators.cards.fmcos.files import Binary, Directory, Key


class Session:
    """Power on: the MF is selected, nothing is proven."""

    def __init__(self, mf: Directory) -> None:
        self.mf = mf
        self.directory = mf
        self.file: Binary | None = None
        self.challenge: bytes | None = None
        self._mf_state = 0
        self._df_state = 0

    @property
    def state(self) -> int:
        """Security state of the current directory, 0 to 15."""
        return self._mf_state if self.directory is self.mf else self._df_state

    @state.setter
    def state(self, state: int) -> None:
        if self.directory is self.mf:
            self._mf_state = state
        else:
            self._df_state = state

    def enter(self, directory: Directory) -> None:
        """Selects a directory: its state is 0 again. The MF's state outlives the selection of a DF."""
        self.directory = directory
        self.file = None
        self.state = 0

    def allows(self, right: int) -> bool:
        """``0Y``: the MF's state is Y or more. ``XY``: the current directory's is from Y to X; never for X < Y."""
        most, least = right >> 4, right & 15
        if most == 0:
            return self._mf_state >= least
        return least <= self.state <= most

    def require(self, right: int) -> None:
        """Raises StatusError 6982."""
        if not self.allows(right):
            raise StatusError(Status.NOT_ALLOWED_NOW)

    def take_challenge(self) -> bytes:
        """8 bytes, zeros after a challenge of 4. Raises StatusError 6984 when none was asked for just before."""
        if self.challenge is None:
            raise StatusError(Status.NO_CHALLENGE)
        return self.challenge.ljust(8, b"\0")

    def key(self, type_: int, number: int) -> Key:
        """Of the current directory. Raises StatusError 9403."""
        key = self.directory.key(type_, number)
        if key is None:
            raise StatusError(Status.NO_SUCH_KEY)
        return key
