"""DESFire cards."""
