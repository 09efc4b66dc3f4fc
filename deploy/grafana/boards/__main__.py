"""Writes the files that Grafana reads."""

from deploy.grafana.boards import BOARDS, FOLDER, text_of

for one in BOARDS:
    (FOLDER / f"{one.uid}.json").write_text(text_of(one), encoding="utf-8")
