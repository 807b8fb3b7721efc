"""What the card knows only as long as it has power: the selected application and who proved which key."""

from collections.abc import Callable
from dataclasses import dataclass, field

from simulators.cards.desfire.access import FREE, NEVER, Right
from simulators.cards.desfire.application import MASTER_KEY, Application
from simulators.cards.desfire.files import File
from simulators.cards.desfire.messaging import Messaging, Mode, Unprotected
from simulators.cards.desfire.picc import Picc
from simulators.cards.desfire.profiles import Profile
from simulators.cards.desfire.status import Status, must


@dataclass(slots=True)
class Visit:
    """From power on to power off. ``uid``: the true one, whatever the anticollision tells."""

    uid: bytes
    profile: Profile
    picc: Picc
    random: Callable[[int], bytes]
    selected: Application
    messaging: Messaging = field(default_factory=Unprotected)

    @property
    def at_root(self) -> bool:
        """No application is selected."""
        return self.selected is self.picc.root

    @property
    def is_master(self) -> bool:
        """The master key of what is selected was proved."""
        return self.messaging.key_no == MASTER_KEY

    def select(self, application: Application) -> None:
        """Ends transaction and authentication."""
        self.selected.abort()
        self.selected = application
        self.messaging = Unprotected()

    def require_root(self) -> None:
        """For commands about the card."""
        must(self.at_root, Status.PERMISSION_DENIED)

    def require_application(self) -> None:
        """For commands about files."""
        must(not self.at_root, Status.PERMISSION_DENIED)

    def require_master(self, *, unless: bool = False) -> None:
        """``unless`` the settings leave it free."""
        must(unless or self.is_master, Status.AUTHENTICATION)

    def require_authenticated(self) -> None:
        """Any key of what is selected."""
        must(self.messaging.key_no is not None, Status.AUTHENTICATION)

    def file(self, header: bytes) -> File:
        """The file whose number the command begins with."""
        self.require_application()
        must(header, Status.LENGTH)
        return self.selected.file(header[0])

    def mode(self, file: File, right: Right) -> Mode:
        """How contents travel for one who has this right; in clear for one who needs none."""
        holders = file.head.access.holders(right)
        if self.messaging.key_no in holders:
            return file.head.mode
        must(holders != {NEVER}, Status.PERMISSION_DENIED)
        must(FREE in holders, Status.AUTHENTICATION)
        return Mode.PLAIN
