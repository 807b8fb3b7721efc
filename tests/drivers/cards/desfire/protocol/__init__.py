"""What is said to DESFire cards."""
