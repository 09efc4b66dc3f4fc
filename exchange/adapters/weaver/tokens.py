"""How Weaver knows us: registered once, then a token that expires.

    POST /api/ec/dev/auth/regist       appid, cpk          {"status": true, "spk", "secrit" or "secret"}
    POST /api/ec/dev/auth/applytoken   appid, secret, time {"token"}; secret under spk

Registering again gives other keys and ends the old ones, so what it gave is kept in a file of the node's, and it is
done again only when there is none, or the office gives no token for it. Not here: questions (`client`).
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from exchange.adapters.office_http import OfficeHttp
from exchange.adapters.share import faults_as_adapter_errors, keep_private
from exchange.errors import AdapterError
from exchange.trust.rsa import RsaKey, encrypt_for

__all__ = ["WeaverTokens"]

_AUTH: Final = "/api/ec/dev/auth"
_EARLY: Final = 0.8  # of its life a token is used


@dataclass(frozen=True, slots=True, kw_only=True)
class _Registration:
    spk: str
    secret: str


class WeaverTokens:
    """`file`: where the registration is kept."""

    def __init__(
        self,
        http: OfficeHttp,
        appid: str,
        user_id: str,
        file: Path,
        *,
        seconds: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http, self._appid, self._user_id, self._file = http, appid, user_id, file
        self._seconds, self._monotonic = seconds, monotonic
        self._registration: _Registration | None = None
        self._token: str | None = None
        self._until = 0.0

    def headers(self) -> dict[str, str]:
        """For a question. Raises AdapterError."""
        if self._token is None or self._monotonic() >= self._until:
            self.renew()
        assert self._token is not None
        assert self._registration is not None
        return {
            "appid": self._appid,
            "token": self._token,
            "userid": encrypt_for(self._registration.spk, self._user_id),
        }

    def renew(self) -> None:
        """A new token, and if need be a new registration, once. Raises AdapterError."""
        registration = self._registration or self._kept()
        token = self._apply(registration) if registration is not None else ""
        if not token:
            registration = self._register()
            token = self._apply(registration)
        if not token:
            raise AdapterError("泛微：登记后仍得不到令牌，请对方管理员核对白名单 no token even after registering")
        self._registration, self._token = registration, token
        self._until = self._monotonic() + self._seconds * _EARLY

    def _apply(self, registration: _Registration) -> str:
        secret = encrypt_for(registration.spk, registration.secret)
        headers = {"appid": self._appid, "secret": secret, "time": str(self._seconds)}
        return str(self._ask("applytoken", headers).get("token") or "")

    def _register(self) -> _Registration:
        # The office asks for a key of ours and never uses it.
        found = self._ask("regist", {"appid": self._appid, "cpk": RsaKey.generate().public})
        spk, secret = found.get("spk"), found.get("secrit") or found.get("secret")
        if not spk or not secret:
            said = str(found.get("msg") or found.get("errMsg") or found)[:200]
            raise AdapterError("泛微：登记未成功，请对方管理员核对 APPID 与白名单", detail=said)
        registration = _Registration(spk=str(spk), secret=str(secret))
        with faults_as_adapter_errors("registration"):
            held = json.dumps({"spk": registration.spk, "secret": registration.secret})
            keep_private(self._file, held.encode())
        return registration

    def _kept(self) -> _Registration | None:
        if not self._file.exists():
            return None
        try:
            held = json.loads(self._file.read_bytes())
            return _Registration(spk=held["spk"], secret=held["secret"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise AdapterError(f"{self._file.name} cannot be read; remove it to register again") from error

    def _ask(self, what: str, headers: dict[str, str]) -> dict[str, Any]:
        answer = self._http.ask("POST", f"{_AUTH}/{what}", headers=headers)
        if answer.status != 200:
            raise AdapterError(f"泛微：{what} {answer.status}", detail=answer.text[:200])
        found = answer.json()
        return found if isinstance(found, dict) else {}
