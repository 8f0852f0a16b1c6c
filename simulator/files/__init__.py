"""Files of others and ours: read with care, written only where they may be."""
