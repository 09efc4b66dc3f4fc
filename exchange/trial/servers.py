"""Private servers for tests and trials, from Debian's packages and on free loopback ports.

    RabbitServer     one broker node with a port mapper of its own; TLS and management if asked for
    PostgresServer   one cluster, on loopback and a socket
    MariaServer      the same

Each lives in a temporary folder and ends with this process, in order or not (`kill`), also when that is killed; nothing
of the machine's own servers is touched. A missing package is an error that names it.

Not here: what goes into them (`exchange.transport.provisioning`, the migrations of `exchange.storage`).
"""

import atexit
import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from exchange.trial.watchdog import Watchdog

__all__ = ["MariaServer", "PortMapper", "PostgresServer", "RabbitServer", "ServerError", "TlsFiles", "free_port"]

_RABBIT = Path("/usr/lib/rabbitmq/bin")
_POSTGRES = Path("/usr/lib/postgresql")
_PORTS, _CHANCE = (20_000, 32_000), random.SystemRandom()
_START_SECONDS, _STOP_SECONDS = 90.0, 30.0


class ServerError(RuntimeError):
    """A server is not installed, did not start or refused a command; the message says which, and the end of its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    authority: Path
    certificate: Path
    key: Path


def free_port() -> int:
    """A TCP port that nothing on loopback used just now, below those that whoever asks for any is given: while a server
    is away, its port must not become another's."""
    while True:
        port = _CHANCE.randrange(*_PORTS)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def _program(path: Path, package: str) -> str:
    if not path.exists():
        raise ServerError(f"{path} is missing. Install it: sudo apt-get install -y {package}")
    return str(path)


class _Server:
    """What both have: a folder, a log, one main process, and an end that comes whatever happens."""

    def __init__(self, name: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"yidi-{name}-"))
        self.folder.chmod(0o755)  # the server may run as a user of its own
        self.log = self.folder / "server.log"
        self._name = name
        self._process: subprocess.Popen[bytes] | None = None
        self._watchdog: Watchdog | None = None
        atexit.register(self.close)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        if self._process is None:
            raise ServerError(f"{self._name} is not running")
        return self._process.pid

    def start(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        """In order, as an operator would."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """At once, as a power cut would, and all that it started."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.start()

    def close(self) -> None:
        """For good: nothing stays behind."""
        self.kill()
        atexit.unregister(self.close)
        shutil.rmtree(self.folder, ignore_errors=True)

    def log_tail(self, lines: int = 60) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def _spawn(self, command: Sequence[str], env: Mapping[str, str], user: str | None = None) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # fixed programs of Debian's
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a group of its own, so that ending it ends nothing else
                cwd=self.folder,
                user=user,
                group=user,
                extra_groups=[] if user else None,
            )
        self._watchdog = Watchdog(self._process.pid, self.folder)

    def _await(self, is_ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not is_ready():
            if self._process is None or self._process.poll() is not None or time.monotonic() > deadline:
                tail = self.log_tail()
                self.kill()
                raise ServerError(f"{self._name} did not start:\n{tail}")
            time.sleep(0.05)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if how is signal.SIGKILL else os.kill)(process.pid, how)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if self._watchdog is not None:
            self._watchdog.dismiss()
            self._watchdog = None

    def _run(self, command: Sequence[str], env: Mapping[str, str], user: str | None = None) -> str:
        done = subprocess.run(  # noqa: S603  # fixed programs of Debian's
            command, env=env, user=user, group=user, capture_output=True, text=True, cwd=self.folder, check=False
        )
        if done.returncode:
            raise ServerError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout


class RabbitServer(_Server):
    """User `guest`, password `guest`, on `port`; with `tls` also on `tls_port`, where a certificate's common name is
    the user (EXTERNAL); with `management` the HTTP API on `management_port`. Ports stay the same over restarts.
    `mapper`: that of a whole cluster, which then ends it."""

    def __init__(
        self,
        *,
        management: bool = False,
        tls: TlsFiles | None = None,
        plugins: Sequence[str] = (),
        settings: Mapping[str, str] | None = None,
        mapper: "PortMapper | None" = None,
    ) -> None:
        program = _program(_RABBIT / "rabbitmq-server", "rabbitmq-server")
        super().__init__("rabbitmq")
        self._program, self._mapper, self._owns_mapper = program, mapper or PortMapper(), mapper is None
        self.port, self.tls_port, self.management_port = free_port(), free_port(), free_port()
        self.name = f"yidi-{self.port}@localhost"
        self._data = self.folder / "data"
        wanted = {*plugins}
        lines = {
            "listeners.tcp.1": f"127.0.0.1:{self.port}",
            "log.console": "true",
            "log.console.level": "warning",
            "log.file": "false",
        }
        if management:
            wanted.add("rabbitmq_management")
            lines |= {"management.tcp.ip": "127.0.0.1", "management.tcp.port": str(self.management_port)}
        if tls is not None:
            wanted.add("rabbitmq_auth_mechanism_ssl")
            lines |= self._tls_lines(tls)
        lines |= settings or {}
        (self.folder / "rabbitmq.conf").write_text("".join(f"{key} = {value}\n" for key, value in lines.items()))
        (self.folder / "enabled_plugins").write_text(f"[{','.join(sorted(wanted))}].\n")
        self._ready_ports = [
            self.port,
            *([self.tls_port] if tls else []),
            *([self.management_port] if management else []),
        ]
        self._env = self._environment()

    def url(self, user: str = "guest", password: str = "guest", vhost: str = "%2F") -> str:  # noqa: S107  # a private test broker
        return f"amqp://{user}:{password}@127.0.0.1:{self.port}/{vhost}"

    def join(self, names: Sequence[str], cookie: str) -> None:
        """Before the first start: one cluster with `names`, itself among them; whichever of them runs is joined."""
        lines = ["cluster_formation.peer_discovery_backend = classic_config"]
        lines += [f"cluster_formation.classic_config.nodes.{number} = {name}" for number, name in enumerate(names, 1)]
        with (self.folder / "rabbitmq.conf").open("a") as settings:
            settings.write("\n".join(lines) + "\n")
        secret = self.folder / ".erlang.cookie"
        secret.touch(mode=0o600)
        secret.write_text(cookie)

    def start(self) -> None:
        self._mapper.start(self._env)
        self._spawn([self._program], self._env)
        self._await(lambda: all(_speaks(port) for port in self._ready_ports))

    def wipe(self) -> None:
        """Start again as a new broker: every queue, user and message is gone."""
        self.kill()
        for path in self._data.iterdir():  # the folder itself may be a disk of its own
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.start()

    def close(self) -> None:
        super().close()
        if self._owns_mapper:
            self._mapper.stop()

    def rabbitmqctl(self, *arguments: str) -> str:
        """What it printed. Raises `ServerError` with what it complained of."""
        return self._run([str(_RABBIT / "rabbitmqctl"), "-q", *arguments], self._env)

    def _tls_lines(self, tls: TlsFiles) -> dict[str, str]:
        return {
            "listeners.ssl.1": f"127.0.0.1:{self.tls_port}",
            "ssl_options.cacertfile": str(tls.authority),
            "ssl_options.certfile": str(tls.certificate),
            "ssl_options.keyfile": str(tls.key),
            "ssl_options.verify": "verify_peer",
            "ssl_options.fail_if_no_peer_cert": "true",
            "ssl_cert_login_from": "common_name",
            "auth_mechanisms.1": "EXTERNAL",
            "auth_mechanisms.2": "PLAIN",
            "auth_mechanisms.3": "AMQPLAIN",
        }

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.folder),
            "ERL_EPMD_PORT": str(self._mapper.port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_MNESIA_BASE": str(self._data),
            "RABBITMQ_LOG_BASE": str(self.folder),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RUNNING_UNDER_SYSTEMD": "1",  # the script becomes the server: one process, and signals reach it
        }


class PortMapper:
    """Erlang's (epmd), one per broker or cluster and in the foreground: Erlang would leave its own running for ever."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._watchdog: Watchdog | None = None

    def start(self, env: Mapping[str, str]) -> None:
        if self._process is None:
            command = [
                _program(Path("/usr/bin/epmd"), "rabbitmq-server"),
                "-port",
                str(self.port),
                "-address",
                "127.0.0.1",
            ]
            quiet = subprocess.DEVNULL
            self._process = subprocess.Popen(  # noqa: S603
                command, env=env, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
            )
            self._watchdog = Watchdog(self._process.pid)

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
        if self._watchdog is not None:
            self._watchdog.dismiss()
            self._watchdog = None


def _speaks(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class PostgresServer(_Server):
    """User `postgres`, no password. The port stays the same over restarts."""

    def __init__(self, *, settings: Mapping[str, str] | None = None) -> None:
        versions = sorted(_POSTGRES.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
        program = _program(versions[-1] if versions else _POSTGRES / "15/bin/postgres", "postgresql")
        super().__init__("postgresql")
        self._bin = Path(program).parent
        self.port = free_port()
        # Its programs refuse to run as root.
        self._user = "postgres" if os.geteuid() == 0 else None
        self._env = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.folder),
            "PGHOST": str(self.folder),
        }
        self._settings = dict(settings or {})
        self._data = self.folder / "data"
        if self._user is not None:
            shutil.chown(self.folder, self._user, self._user)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        if not self._data.exists():
            arguments = ["-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale", "C.UTF-8"]
            self._run([str(self._bin / "initdb"), *arguments, "--no-sync"], self._env, self._user)
        command = [str(self._bin / "postgres"), "-D", str(self._data), "-p", str(self.port), "-k", str(self.folder)]
        command += ["-c", "listen_addresses=127.0.0.1"]
        for key, value in self._settings.items():
            command += ["-c", f"{key}={value}"]
        self._spawn(command, self._env, self._user)
        self._await(self._is_ready)

    def stop(self) -> None:
        self._end(signal.SIGINT)  # "fast": SIGTERM would wait for every client to leave

    def create_database(self, name: str) -> str:
        """A new empty database; returns its URL."""
        arguments = ["-p", str(self.port), "-U", "postgres", name]
        self._run([str(self._bin / "createdb"), *arguments], self._env, self._user)
        return self.url(name)

    def _is_ready(self) -> bool:
        command = [str(self._bin / "pg_isready"), "-q", "-p", str(self.port)]
        return subprocess.run(command, env=self._env, check=False).returncode == 0  # noqa: S603


class MariaServer(_Server):
    """User `office`, no password, as whoever owns everything. The port stays the same over restarts."""

    def __init__(self, *, settings: Mapping[str, str] | None = None) -> None:
        program = _program(Path("/usr/sbin/mariadbd"), "mariadb-server")
        super().__init__("mariadb")
        self._program, self.port = program, free_port()
        self._user = "mysql" if os.geteuid() == 0 else None
        self._env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(self.folder)}
        self._data = self.folder / "data"
        lines = {
            "datadir": str(self._data),
            "bind-address": "127.0.0.1",
            "port": str(self.port),
            "socket": str(self.folder / "socket"),
            "pid-file": str(self.folder / "pid"),
            "character-set-server": "utf8mb4",
            "innodb-buffer-pool-size": "32M",
            "performance-schema": "off",
            "skip-name-resolve": "1",  # or the account below would be looked for under another host
        } | dict(settings or {})
        shown = "".join(f"{key} = {value}\n" for key, value in lines.items())
        (self.folder / "my.cnf").write_text(f"[mysqld]\n{shown}")
        if self._user is not None:
            shutil.chown(self.folder, self._user, self._user)

    def url(self, database: str = "mysql") -> str:
        return f"mysql+pymysql://office@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        defaults = f"--defaults-file={self.folder / 'my.cnf'}"
        if not self._data.exists():
            options = [defaults, "--skip-test-db", "--auth-root-authentication-method=normal"]
            self._run(["/usr/bin/mariadb-install-db", *options], self._env, self._user)
            (self.folder / "init.sql").write_text(
                "CREATE USER office@'127.0.0.1';\nGRANT ALL ON *.* TO office@'127.0.0.1' WITH GRANT OPTION;\n"
            )
            self._spawn([self._program, defaults, f"--init-file={self.folder / 'init.sql'}"], self._env, self._user)
        else:
            self._spawn([self._program, defaults], self._env, self._user)
        self._await(lambda: _speaks(self.port))

    def create_database(self, name: str, *, charset: str = "utf8mb4") -> str:
        """A new empty database; returns its URL."""
        command = ["/usr/bin/mariadb", f"--socket={self.folder / 'socket'}", "--user=root", "--execute"]
        self._run([*command, f"CREATE DATABASE {name} CHARACTER SET {charset}"], self._env, self._user)
        return self.url(name)
