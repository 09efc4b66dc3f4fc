"""`python docs/make_top.py`: draws `pictures/top.svg`, what `yidi top` shows of a county at work."""

import io
import re
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from exchange.cli.language import use
from exchange.cli.watch.top import drawn
from exchange.cli.watch.top_frame import Alarm, frame_of
from tests.unit.cli.top_looks import earlier, later

PAGE = Path(__file__).parent / "pictures" / "top.svg"

if __name__ == "__main__":
    use("en")  # rich counts Chinese characters as half as wide as they are, in pictures
    console = Console(file=io.StringIO(), width=104, record=True)
    console.print(drawn(frame_of(later(Alarm("YidiUnitSilent", "warning 520304-030")), earlier())))
    # rich asks a server on the Internet for its font; any fixed one does.
    form = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    console.save_svg(str(PAGE), title="yidi top", code_format=form)
