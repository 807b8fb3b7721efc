"""A virtual CPU card of the family FM1208 with the operating system FMCOS 2.0.

Sources: the FMCOS 2.0 user manual as it is quoted publicly (security states, file types, WRITE KEY, status words);
RfidResearchGroup/proxmark3, doc/fmcos_example.md and klks/fmcos-python (secure messaging, rights byte of files);
lyc8503/FM1208_scripts, capture_raw.txt (ATS and FCI of a real card). Not played: PINs, records, wallets.
"""
