from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeload import limits
from safeload.errors import PolicyError
from safeload.parsers.facts import GapReason
from safeload.policy.evaluate import evaluate
from safeload.policy.file import dump, read_policy
from safeload.policy.interface import Action, Policy
from safeload.policy.lines import lines_of
from safeload.policy.named import policy_named, tighten
from safeload.policy.presets import LENIENT, PRESETS, STANDARD, STRICT
from safeload.scanners.consistency import SOURCE_INCONSISTENT
from safeload.scanners.interface import Severity
from safeload.scanners.registry import all_rules
from safeload.signals.interface import Outcome
from tests.policy.conftest import a_finding, an_assessment, read, unread


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and no organisation."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SAFELOAD_POLICY", raising=False)
    return tmp_path


def written(folder: Path, text: str, name: str = "team.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def refused(folder: Path, text: str, **kwargs: frozenset[str]) -> str:
    written(folder, text)
    with pytest.raises(PolicyError) as error:
        read_policy(Path("team.toml"), **kwargs)
    return str(error.value)


def test_a_file_says_what_is_different_from_the_preset_it_extends(folder: Path) -> None:
    policy = read_policy(
        written(
            folder,
            """
            extends = "strict"
            name = "our team"
            nothing-to-load = "ask"
            [findings]
            medium = "ask"
            [gaps]
            unknown-format = "ask"
            [rules]
            remote-code = "ask"
            [signals."trust-publisher"]
            weighs-against = "ask"
            unknown = "block"
            [override]
            unsafe = true
            """,
        )
    )
    assert policy == replace(
        STRICT,
        name="our team",
        nothing_to_load=Action.ASK,
        findings={**STRICT.findings, Severity.MEDIUM: Action.ASK},
        gaps={**STRICT.gaps, GapReason.UNKNOWN_FORMAT: Action.ASK},
        rules={"remote-code": Action.ASK},
        signals={"trust-publisher": {Outcome.WEIGHS_AGAINST: Action.ASK, Outcome.UNKNOWN: Action.BLOCK}},
        unsafe_override=True,
    )


def test_a_file_extends_standard_unless_it_says_otherwise(folder: Path) -> None:
    policy = read_policy(written(folder, 'nothing-to-load = "block"'))
    assert policy.digest == replace(STANDARD, nothing_to_load=Action.BLOCK).digest
    assert policy.name == str(folder / "team.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'extends = "standard"\n\n[findngs]\ncritical = "block"\n',
            "team.toml, line 3: there is no key 'findngs'.\n    [findngs]\n     ^^^^^^^ Did you mean 'findings'?",
        ),
        (
            '[findings]\n# the worst first\ncritcal = "block"  # a typo\n',
            "team.toml, line 3: there is no key 'critcal' in [findings].\n"
            '    critcal = "block"  # a typo\n'
            "    ^^^^^^^ Did you mean 'critical'?",
        ),
        (
            'findings = { high = "block", lo = "allow" }\n',
            "team.toml, line 1: there is no key 'lo' in [findings].\n"
            '    findings = { high = "block", lo = "allow" }\n'
            "                                 ^^ Did you mean 'low'?",
        ),
        (
            '[gaps]\nmissing = "blok"\n',
            "team.toml, line 2: this is not an action.\n"
            '    missing = "blok"\n'
            "              ^^^^^^ Did you mean 'block'?",
        ),
        (
            "[gaps]\nmissing = true\n",
            "team.toml, line 2: this is not an action.\n    missing = true\n              ^^^^ "
            'Write one of "allow", "ask", "block".',
        ),
        (
            '[override]\nunsafe = "yes"\n',
            "team.toml, line 2: this must be true or false.\n"
            '    unsafe = "yes"\n'
            "             ^^^^^ Write it without quotes.",
        ),
        (
            'extends = "standrad"',
            "team.toml, line 1: there is no such preset.\n"
            '    extends = "standrad"\n'
            "              ^^^^^^^^^^ Did you mean 'standard'?",
        ),
        (
            'rules = "none"',
            "team.toml, line 1: 'rules' must be a table.\n"
            '    rules = "none"\n            ^^^^^^ Write [rules] on a line of its own.',
        ),
        (
            '[signals.trust-publsher]\nunknown = "ask"\n',
            "team.toml, line 1: there is no key 'trust-publsher' in [signals].\n    [signals.trust-publsher]\n"
            "             ^^^^^^^^^^^^^^ Did you mean 'trust-publisher'?",
        ),
        (
            '[signals.trust-publisher]\nagainst = "ask"\n',
            "team.toml, line 2: there is no key 'against' in [signals.trust-publisher].\n"
            "    against = \"ask\"\n    ^^^^^^^ Did you mean 'weighs-against'?",
        ),
        (
            'name = "standard"',
            'team.toml, line 1: this is a preset\'s name.\n    name = "standard"\n'
            "           ^^^^^^^^^^ Choose a name of your own.",
        ),
    ],
)
def test_what_is_wrong_is_pointed_at(folder: Path, text: str, message: str) -> None:
    assert refused(folder, text) == message


def test_an_unknown_rule_is_an_error(folder: Path) -> None:
    """A misspelt rule would silently keep its severity's action."""
    text = '[rules]\nremote-cod = "block"\n'
    for known in ({}, {"known_rules": frozenset({"remote-code", "remote-kernel"})}):
        message = refused(folder, text, **known)
        assert message.endswith("Did you mean 'remote-code'?")
        assert "line 2" in message


def test_every_rule_can_be_named(folder: Path) -> None:
    ids = [rule.id for rule in (*all_rules(), SOURCE_INCONSISTENT)]
    policy = read_policy(written(folder, "[rules]\n" + "".join(f'{i} = "block"\n' for i in dict.fromkeys(ids))))
    assert set(policy.rules) == set(ids)


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda p: p.name)
def test_presets_name_only_rules_that_exist(preset: Policy) -> None:
    assert set(preset.rules) <= {rule.id for rule in all_rules()}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "says nothing, and an empty policy never allows"),
        ("# all commented out\n", "says nothing"),
        ("extends = \n", "line 1: this is not TOML"),
        ('[findings]\ncritical = "block"\n[findings]\n', "line 3: this is not TOML"),
        ("a = " + "[" * 5_000, "team.toml"),
        ("name = 3", "line 1: a name is visible text"),
        ('name = "a\\u202eb"', "line 1: a name is visible text"),
        ('"" = 1', "line 1: there is no key ''"),
        ("extends = ['standard']", "line 1: there is no such preset"),
        ("nothing-to-load = {}", "line 1: this is not an action"),
        ("[[findings]]\nhigh = 'ask'", "line 1: 'findings' must be a table"),
    ],
)
def test_a_file_that_is_not_a_policy_is_refused(folder: Path, text: str, said: str) -> None:
    assert said in refused(folder, text)


def test_hostile_text_in_a_policy_is_shown_as_text(folder: Path) -> None:
    message = refused(folder, '"evil\u202e\u200b" = "block" # ' + "x" * 10_000 + "\x7f")
    assert all(c.isprintable() or c == "\n" for c in message)
    assert len(message) < 500


def test_not_utf8(folder: Path) -> None:
    (folder / "team.toml").write_bytes(b'extends = "standard"\nname = "caf\xe9"\n')
    with pytest.raises(PolicyError, match="line 2: this is not UTF-8"):
        read_policy(Path("team.toml"))


def test_windows_text_is_read(folder: Path) -> None:
    (folder / "team.toml").write_bytes(b'\xef\xbb\xbfextends = "lenient"\r\n[gaps]\r\nempty = "block"\r\n')
    assert read_policy(Path("team.toml")).gaps[GapReason.EMPTY] is Action.BLOCK


def test_too_large(folder: Path) -> None:
    (folder / "team.toml").write_bytes(b"#" * (limits.POLICY_FILE + 1))
    with pytest.raises(PolicyError, match="too large to be a policy"):
        read_policy(Path("team.toml"))


def test_missing_folder_pipe_and_odd_names(folder: Path) -> None:
    os.mkfifo(folder / "pipe.toml")
    (folder / "folder.toml").mkdir()
    for name in ("missing.toml", "pipe.toml", "folder.toml", "nul\0.toml", "~nobody-of-that-name/x.toml"):
        with pytest.raises(PolicyError):
            policy_named(name)


def test_a_long_statement_is_an_error_without_a_line(folder: Path) -> None:
    text = "name = [\n" + "1,\n" * 2_000 + "]\nfindngs = 1\n"
    assert "there is no key 'findngs'" in refused(folder, text)


@given(st.text(max_size=300))
def test_any_text_is_a_policy_or_one_clear_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("any") / "team.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        assert isinstance(read_policy(path), Policy)
    except PolicyError as error:
        assert error.message


def test_lines_of_every_kind_of_statement() -> None:
    text = 'a = 1\n\n# b = 2\n[t]\nc = """\nd = 3\n"""\n[t.u]\n"e f" = [\n 1,\n]\ng.h = { i = 1 }\n[[j]]\nk = 1\n'
    assert lines_of(text) == {
        ("a",): 1,
        ("t",): 4,
        ("t", "c"): 5,
        ("t", "u"): 8,
        ("t", "u", "e f"): 9,
        ("t", "u", "g"): 12,
        ("t", "u", "g", "h"): 12,
        ("t", "u", "g", "h", "i"): 12,
        ("j",): 13,
        ("j", "k"): 14,
    }


ACTIONS = st.sampled_from(list(Action))
NAMES = st.text(st.characters(blacklist_categories=("C", "Z", "M")), min_size=1, max_size=20)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    return Policy(
        name=draw(NAMES.filter(lambda name: name not in PRESETS)),
        findings={s: draw(ACTIONS) for s in Severity},
        gaps={g: draw(ACTIONS) for g in GapReason},
        nothing_to_load=draw(ACTIONS),
        rules=draw(st.dictionaries(st.text(max_size=10).filter(lambda t: t.isprintable()), ACTIONS, max_size=3)),
        signals=draw(
            st.dictionaries(
                st.sampled_from(["trust-publisher", "quality-card"]),
                st.dictionaries(st.sampled_from(list(Outcome)), ACTIONS),
            )
        ),
        unsafe_override=draw(st.booleans()),
        sealed=draw(st.booleans()),
    )


@given(policies())
def test_a_policy_that_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> None:
    path = tmp_path_factory.mktemp("round") / "team.toml"
    path.write_text(dump(policy), encoding="utf-8")
    again = read_policy(path, known_rules=policy.rules)
    assert again == policy
    assert again.digest == policy.digest


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda p: p.name)
def test_a_preset_that_is_written_means_the_same(folder: Path, preset: Policy) -> None:
    text = dump(replace(preset, name="mine"))
    assert read_policy(written(folder, text)).digest == preset.digest


@given(
    st.sampled_from(list(GapReason)),
    st.sampled_from(list(PRESETS)),
    st.dictionaries(st.sampled_from(list(GapReason)), ACTIONS),
    st.dictionaries(st.sampled_from(list(Severity)), ACTIONS),
    ACTIONS,
    st.booleans(),
)
def test_no_file_allows_a_gap_that_it_does_not_name(
    tmp_path_factory: pytest.TempPathFactory,
    gap: GapReason,
    extends: str,
    gaps: dict[GapReason, Action],
    findings: dict[Severity, Action],
    nothing: Action,
    unsafe: bool,
) -> None:
    lines = [f'extends = "{extends}"', f'nothing-to-load = "{nothing.value}"', "[findings]"]
    lines += [f'{severity.value} = "{action.value}"' for severity, action in findings.items()]
    lines += ["[gaps]", *(f'{other.value} = "{action.value}"' for other, action in gaps.items() if other is not gap)]
    lines += ["[override]", f"unsafe = {str(unsafe).lower()}"]
    path = tmp_path_factory.mktemp("gap") / "team.toml"
    path.write_text("\n".join(lines))
    assert evaluate(read_policy(path), an_assessment(read("a.bin"), unread("b.bin", gap))).action is not Action.ALLOW


# Which policy applies.


def test_standard_applies_when_nothing_is_given(folder: Path) -> None:
    assert policy_named(None) == STANDARD


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_by_name_even_beside_a_file_of_that_name(folder: Path, name: str) -> None:
    written(folder, 'nothing-to-load = "allow"', name=name)
    assert policy_named(name) == PRESETS[name]
    assert policy_named(name).given == name


def test_a_policy_is_itself(folder: Path) -> None:
    assert policy_named(STRICT) is STRICT


def test_an_unknown_name_is_an_error_with_the_nearest(folder: Path) -> None:
    with pytest.raises(PolicyError, match=r"no policy called 'strct'.*Did you mean 'strict'"):
        policy_named("strct")


def test_a_file_by_path(folder: Path) -> None:
    written(folder, 'extends = "lenient"')
    for given_path in ("team.toml", Path("team.toml")):
        policy = policy_named(given_path)
        assert policy.digest == LENIENT.digest
        assert policy.given == "team.toml"


def test_an_organisation_s_policy_stands_for_standard(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFELOAD_POLICY", "strict")
    assert policy_named(None) == STRICT
    assert policy_named("lenient") == LENIENT
    monkeypatch.setenv("SAFELOAD_POLICY", str(folder / "gone.toml"))
    with pytest.raises(PolicyError, match=r"no policy file .*gone\.toml"):
        policy_named(None)


def test_a_policy_in_the_working_folder_may_tighten(folder: Path) -> None:
    written(folder, '[gaps]\nmissing = "block"\n', name="safeload.toml")
    policy = policy_named(None)
    assert policy.name == "standard, tightened by safeload.toml"
    assert max((p.gaps[GapReason.MISSING] for p in policy.every), key=lambda a: a.strictness) is Action.BLOCK
    assert policy.digest != STANDARD.digest


def test_a_policy_in_the_working_folder_cannot_loosen(folder: Path) -> None:
    text = '[findings]\ncritical = "allow"\n[gaps]\nmalformed = "allow"\n[override]\nunsafe = true\n'
    written(folder, text, name="safeload.toml")
    policy = policy_named(None)
    assert not policy.unsafe_override
    evil = an_assessment(read("a.bin", a_finding("a.bin", Severity.CRITICAL)), unread("b.bin", GapReason.MALFORMED))
    assert evaluate(policy, evil).action is Action.BLOCK
    # The twin: chosen by name, the same file does loosen.
    chosen = policy_named("safeload.toml")
    assert chosen.unsafe_override
    assert evaluate(chosen, evil).action is Action.ALLOW


def test_a_broken_policy_in_the_working_folder_is_an_error_not_ignored(folder: Path) -> None:
    (folder / "safeload.toml").mkdir()
    with pytest.raises(PolicyError, match="is not a file"):
        policy_named(None)


def test_two_policies_at_once_have_a_digest_of_their_own() -> None:
    both = tighten(STANDARD, LENIENT)
    assert both.digest not in (STANDARD.digest, LENIENT.digest)
    assert both.digest == tighten(STANDARD, replace(LENIENT, name="other")).digest
    with pytest.raises(ValueError, match="two policies"):
        dump(both)


def test_signals_of_both_policies_are_seen() -> None:
    one = replace(STANDARD, signals={"trust-publisher": {Outcome.UNKNOWN: Action.ASK, Outcome.NEUTRAL: Action.ASK}})
    two = replace(STANDARD, signals={"trust-publisher": {Outcome.UNKNOWN: Action.BLOCK}})
    assert tighten(one, two).signals == {
        "trust-publisher": {Outcome.NEUTRAL: Action.ASK, Outcome.UNKNOWN: Action.BLOCK}
    }
