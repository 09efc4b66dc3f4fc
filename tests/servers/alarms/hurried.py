"""The rules as they ship, where a minute is a second: every duration, every age that one is compared with and the
horizon of a prediction are divided by 60. Nothing else is changed."""

import re

__all__ = ["PACE", "hurried"]

PACE = 60
_SHORTER = {"m": ("1", "s"), "h": ("1", "m"), "d": ("24", "m")}


def hurried(rules: str) -> str:
    def shorter(match: re.Match[str]) -> str:
        factor, unit = _SHORTER[match["unit"]]
        return f"{match['before']}{int(match['count']) * int(factor)}{unit}"

    rules = re.sub(r"(?P<before>\[|for: |offset )(?P<count>\d+)(?P<unit>[mhd])\b", shorter, rules)
    rules = re.sub(r"((?:_age_seconds|_timestamp_seconds)\S* [<>] )([\d* ]*\d)", rf"\1\2 / {PACE}", rules)
    return re.sub(r"(predict_linear\([^)]*, \d+)\)", rf"\1 / {PACE})", rules)
