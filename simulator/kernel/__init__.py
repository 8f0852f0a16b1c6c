"""All compiled code: arrays in, arrays out."""
