"""README texts and the facts that a hub shows beside them."""

from __future__ import annotations

from typing import Any

YESTERDAY = 1.2  # days

OWNERS: dict[str, dict[str, Any]] = {
    "acme": {
        "type": "org", "name": "acme", "fullname": "Acme Research", "isVerified": True, "plan": "team",
        "numUsers": 24, "numModels": 18, "numFollowers": 5210, "avatarUrl": "",
    },
    "nice": {
        "type": "org", "name": "nice", "fullname": "Nice People", "isVerified": False,
        "numUsers": 3, "numModels": 4, "numFollowers": 41, "avatarUrl": "",
    },
    "mallory": {
        "type": "user", "user": "mallory", "fullname": "Mallory", "isPro": False, "numModels": 6, "numFollowers": 0,
        "avatarUrl": "", "orgs": [],
    },
    "someone": {
        "type": "user", "user": "someone", "fullname": "Some One", "isPro": False, "numModels": 1, "numFollowers": 12,
        "avatarUrl": "", "orgs": [],
    },
}  # fmt: skip

EVALUATION = {
    "dataset": {"id": "acme/reviews", "task_id": "sentiment"},
    "value": 0.87,
    "verifyToken": "made-up-token-of-the-local-hub",
    "date": "2024-05-02T09:00:00.000Z",
    "source": {"url": "http://localhost/acme/reviews", "name": "Acme evaluation", "org": "acme"},
}


def card(title: str, *, metadata: dict[str, Any] | None = None, body: str = "") -> bytes:
    """A README with front matter, or without any where there is no metadata."""
    import yaml  # type: ignore[import-untyped, unused-ignore]

    front = f"---\n{yaml.safe_dump(metadata, sort_keys=False, allow_unicode=True)}---\n\n" if metadata else ""
    return f"{front}# {title}\n\n{body}\n".encode()


def full_metadata(name: str) -> dict[str, Any]:
    """Licence, data, metrics and a claimed result: what a good card says."""
    return {
        "license": "apache-2.0",
        "language": ["en"],
        "library_name": "transformers",
        "pipeline_tag": "text-classification",
        "tags": ["sentiment"],
        "datasets": ["acme/reviews"],
        "metrics": ["accuracy"],
        "model-index": [
            {
                "name": name,
                "results": [
                    {
                        "task": {"type": "text-classification", "name": "Sentiment"},
                        "dataset": {"type": "acme/reviews", "name": "Reviews", "split": "test"},
                        "metrics": [{"type": "accuracy", "value": 0.87, "verified": True}],
                    }
                ],
            }
        ],
    }


FULL_BODY = """A tiny BERT for sentiment, made for demonstrations: its weights are random.

## Intended use
Showing how a model is looked at before it is loaded.

## Limitations
It knows nothing.

## Evaluation
Accuracy 0.87 on the test split of acme/reviews.
"""

# What a hostile repository may put into every text field. All of it has to come out as text.
HOSTILE = {
    "html": "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">",
    "close": "</script></style></textarea><h1 style='position:fixed;inset:0;background:red'>APPROVED</h1>",
    "css": "<style>*{display:none!important}</style>",
    "terminal": "\x1b[2J\x1b[31mALLOWED\x1b[0m \x1b]8;;http://localhost/evil\x07click\x1b]8;;\x07 \x1b]0;owned\x07",
    "rich": "[red]red[/red] [bold]bold[/bold] [link=http://localhost/evil]link[/link] [/]",
    "bidi": "safe\u202ednuof gnihton\u202c \u2066hidden\u2069 zero\u200bwidth",
    "markdown": "[click](javascript:document.title='owned') ![x](http://localhost/track.png)",
    "template": "{{ 7*7 }} {% raw %} ${7*7} <%= 7*7 %>",
    "newline": "first line\r\nsecond: line\x00after nul",
}
