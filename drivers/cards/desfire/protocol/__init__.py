"""What is said to a DESFire card, without I/O: frames, authentication, secure messaging."""
