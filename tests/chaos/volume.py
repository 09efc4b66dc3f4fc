"""Small file systems of a run: they can be filled, and on a power cut they forget what nobody synced.

Each is ext4 on an image that lies in memory. What a program wrote and did not sync is with the kernel alone, not yet in
the image: a copy of the image is the disk as a power cut leaves it. That needs root and loop devices.

Not here: a disk that lies about having synced, and one that tears a sector.
"""

import shutil
import subprocess
import time
from functools import cache
from pathlib import Path

__all__ = ["Shelf", "Volume", "may_mount"]


class Volume:
    """Mounted at `folder` from `image`."""

    def __init__(self, image: Path, folder: Path, size: str) -> None:
        self.folder, self._image = folder, image
        with image.open("wb"):
            pass
        _run("truncate", "-s", size, image)
        # No block is kept back for root, or nothing of ours would ever see it full.
        _run("mkfs.ext4", "-q", "-F", "-m", "0", "-E", "nodiscard", image)
        self._mount()
        (folder / "lost+found").rmdir()

    def sync(self) -> None:
        """As time does."""
        _run("sync", "-f", self.folder)

    def cut_power(self) -> None:
        """When nobody uses it any more: what was not synced is gone."""
        left = self._image.with_suffix(".left")
        _run("cp", "--sparse=always", self._image, left)
        _run("umount", self.folder)
        left.replace(self._image)
        self._mount()

    def close(self) -> None:
        _run("umount", "-l", self.folder)

    def _mount(self) -> None:
        # The kernel writes back late of its own accord, so that what a program forgets to sync is missed.
        _run("mount", "-o", "loop,commit=300", self._image, self.folder)


class Shelf:
    """Where the images lie: in memory, at `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.volumes: list[Volume] = []
        folder.mkdir(parents=True)
        _run("mount", "-t", "tmpfs", "-o", "size=2g", "tmpfs", folder)

    def add(self, folder: Path, size: str) -> None:
        """An empty file system at `folder`, which exists."""
        self.volumes.append(Volume(self._folder / f"{len(self.volumes)}.img", folder, size))

    def close(self) -> None:
        for volume in self.volumes:
            volume.close()
        _run("umount", "-l", self._folder)


@cache
def may_mount() -> bool:
    """Whether this machine lets us make such file systems."""
    probe = Path("/tmp") / f"yidi-mount-{time.monotonic_ns()}"
    probe.mkdir()
    try:
        shelf = Shelf(probe / "images")
        (probe / "volume").mkdir()
        shelf.add(probe / "volume", "8m")
        shelf.close()
    except (subprocess.CalledProcessError, FileNotFoundError):
        return False
    finally:
        subprocess.run(["umount", "-l", probe / "images"], capture_output=True, check=False)
        shutil.rmtree(probe, ignore_errors=True)
    return True


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True)
