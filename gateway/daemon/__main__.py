"""``python -m gateway.daemon`` is ``gatehouse``."""

from gateway.daemon.cli import main

main()
