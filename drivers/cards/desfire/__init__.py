"""MIFARE DESFire EV1, EV2 and EV3."""
