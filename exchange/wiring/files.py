"""Where a hub's files lie: in its data directory, or in a bucket."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from exchange.errors import InputError
from exchange.files.local import LocalFiles
from exchange.ports.files import Files
from exchange.wiring.homes import HubHome

if TYPE_CHECKING:
    from exchange.files.s3 import S3Files

__all__ = ["open_bucket", "open_hub_files"]


def open_hub_files(home: HubHome, local: Callable[[Path], Files] = LocalFiles) -> Files:
    """`local`: what serves a directory. Raises InputError."""
    return open_bucket(home) if home.keeping.store else local(home.files)


def open_bucket(home: HubHome) -> "S3Files":
    """Raises InputError."""
    try:
        from exchange.files.s3 import Bucket, S3Files  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise InputError("files.store: S3 needs another package: pip install 'yidi[s3]'", code="SETTINGS") from error
    keeping = home.keeping
    credentials = home.root / keeping.credentials_file if keeping.credentials_file else None
    bucket = Bucket(
        url=keeping.store,
        endpoint=keeping.endpoint,
        region=keeping.region,
        credentials=credentials,
        authorities=home.root / keeping.ca_file if keeping.ca_file else None,
    )
    return S3Files(bucket.open(), LocalFiles(home.files), home.id)
