"""`yidi conformance`: whether an office's side holds what the exchange relies on, with a report.

Not here: the cases (`exchange.conformance`).
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from exchange.cli.failure import fail
from exchange.cli.language import both, is_english, say
from exchange.cli.output import show_json, show_table
from exchange.cli.trouble import trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from exchange.conformance.case import Case, Verdict
    from exchange.conformance.report import Report

__all__ = ["register"]


def register(application: typer.Typer) -> None:
    application.command(
        help=both(
            "符合性测试：办公系统接口是否做到了交换所依赖的一切，并写出报告。\n\n正常的与各种异常的情形：重复、乱序、撤回、断线、"
            "超时、磁盘满、每一步都断电。有不通过的，退出码为 1。",
            "The conformance kit: whether an office's side holds what the exchange relies on, with a report.\n\n"
            "What goes well, and what goes wrong: duplicates, disorder, recalls, broken lines, timeouts, full disks, a "
            "death at every step. The exit code is 1 when a case fails.",
        ),
        epilog="yidi conformance --adapter folder",
    )(conformance)


def conformance(
    *,
    adapter: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help=both(
                "哪种办公系统接口（入口点的名称；rest、soap 是自己来调用的办公系统）",
                "which adapter, by its entry point; rest, soap: an office that calls",
            ),
        ),
    ] = "",
    bench: Annotated[
        str, typer.Option(metavar="NAME", help=both("测试台，与接口同名时可省略", "its bench, if it has another name"))
    ] = "",
    settings: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help=both(
                "测试用办公系统的设置（TOML）：表 offices.名称，以及测试台的表 bench",
                "settings of the test office (TOML): the table offices.NAME, and bench for the bench",
            ),
        ),
    ] = None,
    url: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help=both("接收推送的地址，或别家节点的地址", "where a program is told by webhooks, or a foreign node is"),
        ),
    ] = "",
    secret_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help=both("推送的密钥 whsec_… 在哪个文件", "file with its whsec_ secret")),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help=both("节点令牌在哪个文件：一个单位，全部权限", "file with a token: a unit, all scopes"),
        ),
    ] = None,
    narrow_token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help=both("只有 read 权限的令牌", "a token with read alone")),
    ] = None,
    to: Annotated[
        str, typer.Option(metavar="CODE", help=both("测试公文发给哪个单位", "the unit that test documents go to"))
    ] = "",
    restart: Annotated[
        str, typer.Option(metavar="COMMAND", help=both("重启该节点的命令", "the command that starts that node anew"))
    ] = "",
    listen: Annotated[
        str,
        typer.Option(
            metavar="HOST:PORT",
            help=both(
                "本机的这个地址接收该节点的推送（节点须允许 http://HOST:PORT）",
                "where this machine is told by that node, which must allow http://HOST:PORT",
            ),
        ),
    ] = "",
    ca: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help=both("其证书的签发机构（PEM）", "authorities (PEM) of its certificate")),
    ] = None,
    case: Annotated[
        list[str] | None, typer.Option("--case", metavar="ID", help=both("只测这些用例", "only these cases"))
    ] = None,
    plays: Annotated[
        int | None,
        typer.Option(
            min=1,
            help=both(
                "处处出错的用例最多演几遍（默认全部）", "at most so many plays of a case that breaks everything once"
            ),
        ),
    ] = None,
    patience: Annotated[
        float,
        typer.Option(min=0, max=3600, help=both("等真实的办公系统多少秒", "seconds that a real office is given")),
    ] = 20.0,
    out: Annotated[Path, typer.Option(metavar="DIR", help=both("报告写到哪里", "where the report goes"))] = Path(),
    list_: Annotated[bool, typer.Option("--list", help=both("只列出用例", "only list the cases"))] = False,
    as_json: Annotated[bool, typer.Option("--json", help=both("输出 JSON", "print JSON"))] = False,
) -> None:
    from exchange.conformance.trial import ADAPTER_CASES
    from exchange.conformance.url.node_cases import CASES as NODE_CASES
    from exchange.conformance.url.webhook import CASES as WEBHOOK_CASES

    suites = [
        *(ADAPTER_CASES if not url else ()),
        *(WEBHOOK_CASES if not adapter and token_file is None else ()),
        *(NODE_CASES if not adapter and secret_file is None else ()),
    ]
    cases = _chosen(suites, case or [])
    if list_:
        _list(cases, as_json=as_json)
        return
    if url and bool(secret_file) == bool(token_file):
        raise fail(
            "USAGE",
            "--url 须配 --secret-file（接收推送的程序）或 --token-file（节点）",
            "--url needs --secret-file, for a webhook receiver, or --token-file, for a node",
        )
    if bool(adapter) == bool(url):
        raise fail("USAGE", "须用 --adapter 或 --url 指明测什么", "name what is on trial by --adapter or by --url")
    tell = (lambda _one: None) if as_json else _tell
    if adapter:
        report = _try_adapter(adapter, bench or adapter, settings, cases, plays, patience, tell)
    elif secret_file:
        report = _try_webhook(url, secret_file, ca, cases, tell)
    else:
        assert token_file is not None
        tokens = [_line(file) if file else "" for file in (token_file, narrow_token_file)]
        report = _try_node(url, tokens, to, restart, listen, ca, cases, tell)
    _show(report, out, as_json=as_json)
    if not report.passed:
        raise typer.Exit(1)


def _chosen(known: "Sequence[Case]", wanted: "Sequence[str]") -> "list[Case]":
    ids = {one.id for one in known}
    if strange := [one for one in wanted if one.upper() not in ids]:
        raise fail(
            "NOT_FOUND",
            f"没有用例 {strange[0]}；--list 列出全部",
            f"there is no case {strange[0]}; --list shows them all",
        )
    return [one for one in known if not wanted or one.id in {name.upper() for name in wanted}]


def _list(cases: "Sequence[Case]", *, as_json: bool) -> None:
    if as_json:
        show_json([{"id": one.id, "title": one.title._asdict(), "expected": one.expected._asdict()} for one in cases])
        return
    rows = [(one.id, one.title[is_english()], one.expected[is_english()]) for one in cases]
    show_table([("编号", "id"), ("用例", "case"), ("应当", "expected")], rows)


def _try_adapter(
    name: str,
    bench: str,
    settings: Path | None,
    cases: "Sequence[Case]",
    plays: int | None,
    patience: float,
    tell: "Callable[[Verdict], None]",
) -> "Report":
    from datetime import UTC, datetime
    from functools import partial

    from exchange.adapters.registry import find_adapter
    from exchange.cli.conformance_node import served
    from exchange.conformance.bench import CALLERS, find_bench
    from exchange.conformance.report import Report
    from exchange.conformance.trial import ADAPTER_CASES, Booth, try_adapter

    given = _read(settings) if settings else {}
    table = {key: value for key, value in given.get("offices", {}).get(name, {}).items() if key != "adapter"}
    data = settings.parent.resolve() if settings else None
    calls = name in CALLERS
    booth = Booth(
        name,
        None if calls else find_adapter(str(given.get("offices", {}).get(name, {}).get("adapter", name))),
        find_bench(bench),
        table=table,
        extra=given.get("bench", {}),
        data=data,
        patience=patience,
        most_plays=plays,
        serve=partial(served, **_place(table, data)) if calls else None,
    )
    began = datetime.now(UTC)
    verdicts = try_adapter(booth, cases, tell)
    left_out = [one.id for one in ADAPTER_CASES if one not in cases]
    return Report(kind="adapter", name=name, began=began, verdicts=verdicts, left_out=left_out, most_plays=plays)


def _place(table: "Mapping[str, Any]", data: Path | None) -> dict[str, Any]:
    """Of the node that a real office is to call: where it is, and where its token is written."""
    listen, file = str(table.get("listen", "")), str(table.get("token_file", ""))
    return ({"listen": listen} if listen else {}) | ({"token_file": data / file} if data and file else {})


def _try_webhook(
    url: str, secret_file: Path, ca: Path | None, cases: "Sequence[Case]", tell: "Callable[[Verdict], None]"
) -> "Report":
    from contextlib import closing
    from datetime import UTC, datetime
    from urllib.parse import urlsplit

    from exchange.conformance.report import Report
    from exchange.conformance.trial import try_target
    from exchange.conformance.url.asking import Asker
    from exchange.conformance.url.webhook import CASES, WebhookTarget
    from exchange.trust.webhook import is_secret

    secret = _line(secret_file)
    if not is_secret(secret):
        raise fail("SETTINGS", f"{secret_file}: 应为 whsec_ 与 Base64", f"{secret_file}: expected whsec_ and Base64")
    began = datetime.now(UTC)
    with closing(Asker(url, ca_file=ca)) as asker:
        verdicts = try_target(WebhookTarget(asker, secret), cases, tell)
    left_out = [one.id for one in CASES if one not in cases]
    return Report(kind="webhook", name=urlsplit(url).netloc, began=began, verdicts=verdicts, left_out=left_out)


def _try_node(
    url: str,
    tokens: "Sequence[str]",
    to: str,
    restart: str,
    listen: str,
    ca: Path | None,
    cases: "Sequence[Case]",
    tell: "Callable[[Verdict], None]",
) -> "Report":
    import shlex
    import subprocess
    from contextlib import closing
    from datetime import UTC, datetime
    from functools import partial
    from urllib.parse import urlsplit

    from exchange.conformance.report import Report
    from exchange.conformance.trial import try_target
    from exchange.conformance.url.asking import Asker
    from exchange.conformance.url.node import NodeTarget
    from exchange.conformance.url.node_cases import CASES

    began = datetime.now(UTC)
    again = partial(subprocess.run, shlex.split(restart), check=True) if restart else None
    with closing(Asker(url.rstrip("/"), ca_file=ca)) as asker:
        verdicts = try_target(NodeTarget(asker, tokens[0], tokens[1], to, again, listen), cases, tell)
    left_out = [one.id for one in CASES if one not in cases]
    return Report(kind="node", name=urlsplit(url).netloc, began=began, verdicts=verdicts, left_out=left_out)


def _line(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError as error:
        raise fail("SETTINGS", f"{file}：{trouble(error)}", f"{file}: {trouble(error)}") from error


def _read(file: Path) -> dict[str, Any]:
    import tomllib

    from exchange.errors import InputError

    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{file}: {error}", code="SETTINGS") from error
    tables = [found.get("bench", {}), found.get("offices", {}), *dict(found.get("offices", {})).values()]
    if not all(isinstance(one, dict) for one in tables):
        raise InputError(f"{file}: bench and each of offices must be a table", code="SETTINGS")
    return found


def _tell(one: "Verdict") -> None:
    from exchange.conformance.case import Ending

    mark = {Ending.PASSED: "✓", Ending.FAILED: "✗", Ending.NOT_APPLICABLE: "—"}[one.ending]
    print(f"{mark} {one.case.id} {one.case.title[is_english()]}", flush=True)
    for line in one.seen:
        print(f"    {line}")
    if one.ending is Ending.FAILED:
        print(f"    {say('办法', 'cure')}: {one.case.cure[is_english()]}")


def _show(report: "Report", out: Path, *, as_json: bool) -> None:
    import json

    out.mkdir(parents=True, exist_ok=True)
    name = "".join(sign if sign.isalnum() or sign in "-_." else "-" for sign in report.name)[:80]
    page, data = out / f"conformance-{name}.html", out / f"conformance-{name}.json"
    page.write_text(report.as_html(), encoding="utf-8")
    data.write_text(json.dumps(report.as_json(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if as_json:
        show_json(report.as_json())
        return
    passed, failed, other = report.counts().values()
    print(
        say(
            f"通过 {passed}，不通过 {failed}，不适用 {other}",
            f"passed {passed}, failed {failed}, not applicable {other}",
        )
    )
    if not report.complete:
        print(say("未全测，不能作为通过的证明", "not everything was tried: this proves no conformance"))
    print(say("报告", "report") + f": {page}, {data}")
