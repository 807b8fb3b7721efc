"""Commands of FMCOS 2.0 and the ciphers around them, without input or output."""
