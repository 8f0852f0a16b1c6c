"""A file that HDF5 can always close, even on a full disk.

When a write fails, libhdf5 cannot close its file, tries again when the program ends,
and crashes it. So the first failure is kept, what follows is thrown away, and whoever
opened the sink asks now and then, and in the end, whether there was one.
"""

import io
from typing import Any


class Sink(io.FileIO):
    """A new file to write; `failure` is the first error of the system, or None."""

    failure: OSError | None = None

    def check(self) -> None:
        """Raise the failure if there was one: HDF5 was not told."""
        if self.failure is not None:
            raise self.failure

    def write(self, data: Any, /) -> int:
        """Write all of some bytes, or none and remember why."""
        view = memoryview(data).cast("B")
        left = view
        while self.failure is None and len(left):
            try:
                left = left[super().write(left) :]
            except OSError as error:
                self.failure = error
        return len(view)

    def truncate(self, size: int | None = None, /) -> int:
        """Set the size of the file, or remember why it could not be set."""
        if self.failure is None:
            try:
                return super().truncate(size)
            except OSError as error:
                self.failure = error
        return size or 0

    def readinto(self, buffer: Any, /) -> int:
        """Read; after a failure the rest is zeros."""
        found = super().readinto(buffer) or 0
        view = memoryview(buffer).cast("B")
        if self.failure is not None:
            view[found:] = bytes(len(view) - found)
            return len(view)
        return found
