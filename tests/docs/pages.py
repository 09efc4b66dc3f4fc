"""The pages for people, as the tests read them: blocks of code, links, and words in backticks."""

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PAGES", "ROOT", "Block", "blocks", "links", "name_of", "quoted", "rows"]

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "schemas").glob("*.md")])

_BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"|<source [^>]*srcset=\"([^\"]+)\"")
_QUOTED = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block. `info` is what stands behind the fence: `sh`, or `sh no-run: why`."""

    info: str
    text: str

    @property
    def runs(self) -> bool:
        return self.info == "sh"

    @property
    def shell(self) -> bool:
        return self.info.split(" ")[0] == "sh"


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> list[Block]:
    return [Block(info.strip(), text) for info, text in _BLOCK.findall(page.read_text("utf-8"))]


def _prose(page: Path) -> str:
    return _BLOCK.sub("", page.read_text("utf-8"))


def links(page: Path) -> list[str]:
    """Targets of links and pictures, without those to other hosts."""
    prose = _QUOTED.sub("", _prose(page))
    found = [next(filter(None, groups)) for groups in _LINK.findall(prose)]
    return [target for target in found if "://" not in target and not target.startswith("mailto:")]


def quoted(page: Path) -> list[str]:
    """What stands in backticks outside blocks."""
    return _QUOTED.findall(_prose(page))


def rows(page: Path) -> list[list[str]]:
    """The cells of every table row."""
    lines = [line for line in page.read_text("utf-8").splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
