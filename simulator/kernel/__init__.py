"""The kernel: arrays in, arrays out. All compiled code is here."""
