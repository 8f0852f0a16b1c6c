"""The run file and its parts: written, checked, hashed and opened."""

import os

# Network drives often have no locks; then HDF5 does without instead of failing. Set
# before h5py is imported by any module of this room: it is read then.
os.environ.setdefault("HDF5_USE_FILE_LOCKING", "BEST_EFFORT")
