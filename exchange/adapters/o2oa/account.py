"""How O2OA knows us: as one of its users, by single sign-on or password, with a token that expires.

    POST /x_organization_assemble_authentication/jaxrs/sso              {"client", "token"}; the token under the key
    POST /x_organization_assemble_authentication/jaxrs/authentication   {"credential", "password"}

The secret is read anew each time, so that a key may be changed while we run. An account that was refused is left alone
for a while: offices lock those that are tried again and again. Not here: questions (`client`).
"""

import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

from exchange.adapters.o2oa.settings import O2oaSettings
from exchange.adapters.office_http import OfficeHttp
from exchange.errors import AdapterError
from exchange.trust.sso import seal

__all__ = ["O2oaAccount"]

_AUTH: Final = "/x_organization_assemble_authentication/jaxrs"
_REST_SECONDS: Final = 300.0
_FAULTS: Final = {  # ends of the office's exceptions; its own words would repeat what we sent
    "ExceptionReadToken": "单点登录的密钥或加密方式不符 the key or `cipher` of the sign-on differs",
    "ExceptionTokenExpired": "两边时钟相差一分钟以上 the clocks differ by more than a minute",
    "ExceptionClientNotExist": "没有这个单点登录，或未启用 no such sign-on, or it is disabled: `client`",
    "ExceptionClientNotEnable": "单点登录未启用 the sign-on is disabled: `client`",
    "ExceptionPersonNotExist": "没有这个用户 no such user: `user`",
    "ExceptionPersonNotExistOrInvalidPassword": "用户不存在或密码不对 the office refuses user or password",
    "ExceptionFailureLocked": "用户已被锁定 the user is locked",
    "ExceptionLoginDisable": "要求双因素登录，请用单点登录 two factors are asked for: use login = sso",
    "ExceptionAdmin": "不能用内置管理员 not as the built-in manager: `user`",
}


class O2oaAccount:
    """`secret`: reads it. `now`: seconds since 1970."""

    def __init__(
        self,
        http: OfficeHttp,
        settings: O2oaSettings,
        secret: Callable[[], str],
        *,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http, self._settings, self._secret = http, settings, secret
        self._now, self._monotonic = now, monotonic
        self._token: str | None = None
        self._refused: AdapterError | None = None
        self._until = 0.0

    def headers(self) -> dict[str, str]:
        """For a question. Raises AdapterError."""
        if self._token is None:
            self.renew()
        assert self._token is not None
        return {self._settings.token_header: self._token}

    def renew(self) -> None:
        """As `log_in`, but not soon after a refusal. Raises AdapterError."""
        if self._refused is not None and self._monotonic() < self._until:
            raise self._refused
        self.log_in()

    def log_in(self) -> None:
        """A new token. Raises AdapterError."""
        self._token = None
        path, question = self._question()
        answer = self._http.ask("POST", _AUTH + path, json=question)
        found = answer.json()
        data = found.get("data") if isinstance(found, dict) else None
        token = data.get("token") if isinstance(data, dict) and answer.status == 200 else None
        if not token:
            self._refused, self._until = _refusal(answer.status, found), self._monotonic() + _REST_SECONDS
            raise self._refused
        self._token, self._refused = str(token), None

    def _question(self) -> tuple[str, dict[str, str]]:
        settings, secret = self._settings, self._secret()
        if settings.login == "password":
            return "/authentication", {"credential": settings.user, "password": secret}
        said = f"{quote(settings.user)}#{int(self._now() * 1000)}"
        return "/sso", {"client": settings.client, "token": seal(said, secret, settings.cipher)}


def _refusal(status: int, found: Any) -> AdapterError:
    prompt = str(found.get("prompt") if isinstance(found, dict) else "").rpartition(".")[2]
    return AdapterError(f"O2OA：不能登录，{_FAULTS.get(prompt, f'{status} {prompt}')}")
