"""CPU cards with the operating system FMCOS, such as the FM1208; see README.md here for what lies on one."""
