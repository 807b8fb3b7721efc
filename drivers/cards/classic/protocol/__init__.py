"""MIFARE Classic: what stands in a sector, and the commands of PC/SC Part 3 to a contactless reader; no I/O."""
