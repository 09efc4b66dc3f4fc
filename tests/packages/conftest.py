"""The packages, built once; and machines without a network to install them on: throw-away layers over a root."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Mounts go with the namespace. No systemd runs in here, so scripts of packages start and stop nothing.
_ENTER = """
mount -t overlay overlay -o "lowerdir=$LOWER,upperdir=$LAYER/upper,workdir=$LAYER/work" "$LAYER/root"
cd "$LAYER/root"
mount -t proc proc proc
mount -t tmpfs tmpfs dev
for device in null zero random urandom; do touch dev/$device; mount --bind /dev/$device dev/$device; done
mkdir dev/shm
mount -t tmpfs tmpfs dev/shm
ip link set lo up 2>/dev/null || true
exec chroot . /usr/bin/env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--root-of", default="/", help="root directory of a Debian to install on; this machine's own, if none"
    )


class Machine:
    """What is written here is written into a layer that goes away. `root` may be looked at between commands."""

    def __init__(self, lower: str, layer: Path) -> None:
        self._lower, self._layer = lower, layer
        for name in ("upper", "work", "root"):
            (layer / name).mkdir()
        self.written = layer / "upper"

    def __call__(self, *command: str, fails: bool = False) -> str:
        enter = ["unshare", "--mount", "--pid", "--fork", "--net", "--uts", "sh", "-ec", _ENTER, "sh"]
        environment = {"LOWER": self._lower, "LAYER": str(self._layer), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        done = subprocess.run(
            [*enter, *command],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) == fails, done.stdout
        return done.stdout

    def put(self, *files: Path) -> list[str]:
        """Copies files to /root there; their paths as seen from inside."""
        (self.written / "root").mkdir(mode=0o700, exist_ok=True)
        for file in files:
            (self.written / "root" / file.name).write_bytes(file.read_bytes())
        return [f"/root/{file.name}" for file in files]


def build(out: Path, checkout: Path = ROOT) -> dict[str, Path]:
    """Name of the package -> its file."""
    command: list[str | Path] = [checkout / "deploy/debian/build", "--out", out, "--wheels", ROOT / "build/wheels"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    made = [Path(line) for line in done.stdout.splitlines()]
    return {file.name.partition("_")[0]: file for file in made}


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return build(tmp_path_factory.mktemp("packages"))


@pytest.fixture(scope="session")
def disk(packages: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For a machine without a network."""
    out = tmp_path_factory.mktemp("offline") / "disk"
    done = subprocess.run(
        [ROOT / "deploy/offline/make", out, *packages.values()], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Machine:
    return Machine(request.config.getoption("--root-of"), tmp_path)
