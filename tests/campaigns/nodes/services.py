"""What else a site of many nodes has: a Redis for the throttle, and PgBouncer before PostgreSQL."""

from __future__ import annotations

from pathlib import Path

from .cluster import DATABASE
from .daemon import UNPRIVILEGED, Daemon, program

POOLER = """
[databases]
{database} = host=127.0.0.1 port={server}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {users}
pool_mode = transaction
default_pool_size = {pool_size}
max_client_conn = 500
query_wait_timeout = 3
server_login_retry = 1
"""


class Redis(Daemon):
    """A Redis that keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "redis")

    @property
    def url(self) -> str:
        """For RATCHET_THROTTLE_STORAGE."""
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, empty."""
        address = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder)]
        self.launch([program("redis-server", "redis-server"), *address, "--save", "", "--appendonly", "no"])


class PgBouncer(Daemon):
    """PgBouncer in transaction mode."""

    def __init__(self, folder: Path, pool_size: int = 20) -> None:
        super().__init__(folder, "pgbouncer", UNPRIVILEGED)
        self._pool_size = pool_size

    def start(self, server: int, database: str = DATABASE) -> None:
        """Start it before a database of the PostgreSQL at a port."""
        users, configuration = self.folder / "users.txt", self.folder / "pgbouncer.ini"
        users.write_text('"postgres" ""\n')
        configuration.write_text(
            POOLER.format(
                database=database, server=server, port=self.port, users=users, pool_size=self._pool_size
            )
        )
        self.launch([program("pgbouncer", "pgbouncer"), configuration])
