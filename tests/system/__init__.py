"""The daemon as a whole: real processes, real brokers, real databases, simulated hardware."""
