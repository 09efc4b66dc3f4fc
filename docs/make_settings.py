"""`python docs/make_settings.py`: writes `settings.md` from the fields of `exchange.settings`.

Name, default, bounds and documentation stand together there. A test holds the page against them.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from exchange.settings import HubSettings, MachineSettings, NodeSettings

__all__ = ["PAGE", "page"]

PAGE = Path(__file__).with_name("settings.md")

_FILES: dict[str, type[BaseModel]] = {"yidi.toml": MachineSettings, "hub.toml": HubSettings, "node.toml": NodeSettings}

_HEAD = """# Settings 设置

A data directory has one file of settings: `yidi.toml` for a one-machine exchange, `hub.toml` for a hub on RabbitMQ and
PostgreSQL, `node.toml` for a node far from its hub. An environment variable wins over the file: `YIDI_`, the
name in capital letters, two underscores between levels. A name in the file that is not listed here is an error,
and so is a value out of bounds. `yidi check-config` says all of them at once, with file and line.

```toml
hub = "hub.520304"
name = "播州区公文交换中心"

[node_timing]
recall_until_signed = false

[hub_timing.retry]
cap_seconds = 300
```

`YIDI_HUB_TIMING__DELIVER_WITHIN_HOURS=48` sets `hub_timing.deliver_within_hours`. The command line has two
variables of its own: `YIDI_DATA`, the data directory, and `YIDI_LANG`, `zh` or `en`.

This page is written by `python docs/make_settings.py` from `exchange/settings/`.
"""


def page() -> str:
    """The whole page."""
    return _HEAD + "".join(
        _section(file, name, model) for file, settings in _FILES.items() for name, model in _models("", settings)
    )


def _models(prefix: str, model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    yield prefix, model
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _models(f"{prefix}{name}.", field.annotation)


def _section(file: str, prefix: str, model: type[BaseModel]) -> str:
    title = f"{file}: `[{prefix.removesuffix('.')}]`" if prefix else f"`{file}`"
    words = " ".join((model.__doc__ or "").split())
    lead = f"{words}\n\n" if words else ""
    rows = [_row(prefix + name, field) for name, field in model.model_fields.items() if field.description]
    if not rows:
        return ""
    head = "| Setting | Default | Bounds | Meaning |\n|---|---|---|---|\n"
    return f"\n## {title}\n\n{lead}{head}" + "".join(rows)


def _row(name: str, field: FieldInfo) -> str:
    default = "required" if field.default is PydanticUndefined else f"`{json.dumps(field.default, ensure_ascii=False)}`"
    bounds = ", ".join(_bound(rule) for rule in field.metadata)
    return f"| `{name}` | {default} | {bounds} | {field.description} |\n"


def _bound(rule: object) -> str:
    """`Ge(ge=0)` -> `at least 0`."""
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than", "min_length": "entries at least"}
    (word,) = (word for word in words if hasattr(rule, word))
    return f"{words[word]} {getattr(rule, word)}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
