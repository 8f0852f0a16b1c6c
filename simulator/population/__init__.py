"""The opening position of every trust: packaged, from a table, or built from a list."""
