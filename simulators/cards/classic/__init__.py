"""A virtual MIFARE Classic 1K or 4K (NXP MF1S50yyX_V1 and MF1S70yyX_V1) and the reader over it."""
