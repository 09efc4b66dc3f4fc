"""What the answers of a node look like. A later node may add to them.

A test holds these names against the page of the interface. Not here: what a program sends, which is plain JSON.
"""

from typing import TypedDict

__all__ = [
    "Delivery",
    "Document",
    "Event",
    "Events",
    "File",
    "Group",
    "Limits",
    "Listed",
    "Moment",
    "Notice",
    "Preview",
    "Reached",
    "Receipt",
    "Root",
    "Side",
    "State",
    "Statistics",
    "Submitted",
    "Superseded",
    "Unit",
    "Webhook",
    "WebhookWithSecret",
]


class Submitted(TypedDict):
    id: str
    sender: str
    recipients: list[str]
    again: bool


class Reached(TypedDict):
    unit: str
    name: str
    role: str


class Preview(TypedDict):
    recipients: list[Reached]
    groups: list[str]


class Moment(TypedDict):
    at: str
    person: str | None
    reason: str | None
    text: str | None


class State(TypedDict):
    transport: str
    transport_zh: str
    business: str
    business_zh: str
    accepted: str | None
    delivered: str | None
    signed: Moment | None
    imported: str | None
    first_read: str | None
    failed: Moment | None
    closed: Moment | None
    recall_requested: Moment | None
    recall_denied: Moment | None
    reminders: int
    printed: int


class Delivery(State):
    unit: str
    name: str
    role: str
    sign_by: str | None


class Listed(TypedDict):
    id: str
    sender: str
    sender_name: str
    title: str
    urgent: bool
    received: str
    digest: str
    locked_until: str | None
    state: State | None
    recipients: int | None
    delivered: int | None
    signed: int | None


class File(TypedDict):
    role: str
    name: str
    media_type: str
    size: int
    sha256: str
    sm3: str
    pages: int | None


class Receipt(TypedDict):
    id: str
    event: str
    event_zh: str
    at: str
    by: str
    unit: str | None
    person: str | None
    envelope: str | None
    sender: str | None
    digest: str | None
    recipient: str | None
    reason: str | None
    text: str | None
    attributes: dict[str, str]


class Superseded(TypedDict):
    submitted: Submitted
    receipt: Receipt


class Document(TypedDict):
    id: str
    sender: str
    sender_name: str
    kind: str
    kind_zh: str
    created: str
    sign_by: str | None
    handle_by: str | None
    reply_required: bool
    in_reply_to: str | None
    supersedes: str | None
    operator: str
    declared_by: str
    groups: list[str]
    metadata: dict[str, object]
    content: str | None
    files: list[File]
    digest: str
    deliveries: list[Delivery]
    receipts: list[Receipt]


class Event(TypedDict):
    number: int
    specversion: str
    datacontenttype: str
    id: str
    type: str
    source: str
    subject: str
    time: str
    data: Receipt


class Events(TypedDict):
    items: list[Event]
    after: int
    limit: int


class Limits(TypedDict):
    requests_per_minute: int
    form_bytes: int
    file_bytes: int
    files: int
    recipients: int
    content_characters: int
    page: int
    upload_bytes_per_day: int
    unsent_days: float


class Root(TypedDict):
    token: str
    program: str
    scopes: list[str]
    units: list[str]
    expires: str | None
    directory_version: int
    limits: Limits


class Unit(TypedDict):
    code: str
    name: str
    kind: str
    kind_zh: str
    level: str
    level_zh: str
    active: bool
    hosted: bool


class Group(TypedDict):
    id: str
    name: str
    members: int


class Side(TypedDict):
    deliveries: int
    signed: int
    mean_seconds_to_sign: float | None
    transport: dict[str, int]
    business: dict[str, int]


class Notice(TypedDict):
    id: str
    at: str
    kind: str
    kind_zh: str
    text: str
    until: str


class Statistics(TypedDict):
    unit: str
    since: str
    until: str
    sent: Side
    received: Side


class Webhook(TypedDict):
    id: str
    url: str
    units: list[str]
    types: list[str]
    created: str
    after: int
    due: str
    attempts: int
    failing: str | None
    ended: str


class WebhookWithSecret(Webhook):
    secret: str
