"""What must never leave the log, and what must stay readable."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.text.redact import redact, redact_json
from bot.core.text.redact_rules import RULES, RedactionRule


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_rule_changes_its_example_and_spares_the_other(rule: RedactionRule) -> None:
    assert redact(rule.matches) != rule.matches
    assert redact(rule.spares) == rule.spares


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("login eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjMifQ.sgn-_x9 ok", "eyJ"),
        ("cut off eyJhbGciOiJIUzI1NiJ9eyJzdWIi", "eyJ"),
        ("Authorization: Bearer ya29.a0AfB_byC", "ya29"),
        ("authorization=Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpw"),
        ("key AIzaSyA-1234567890abcdefghijklmnopqrstu!", "AIza"),
        ("AKIAIOSFODNN7EXAMPLE used", "AKIAIOS"),
        ("aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalr"),
        ("token ghp_0123456789abcdefghijABCDEFGHIJ012345", "ghp_0"),
        ("xoxb-123456789012-abcdefABCDEF", "xoxb"),
        ("xapp-1-A0123-456-abcdef0123", "xapp"),
        ("https://hooks.slack.com/services/T000/B000/XXXXYYYY", "XXXXYYYY"),
        ("postgresql://app:hunter2@db/app", "hunter2"),
        ("redis://:hunter2@cache:6379/0", "hunter2"),
        ("postgres://app:p@ss@w0rd@db/app", "w0rd"),
        ("mongodb+srv://u:pa/ss@cluster/app", "pa/ss"),
        ('{"password": "correct horse"}', "correct"),
        ("{'api_key': 'abc'}", "'abc'"),
        ('{\\"client_secret\\": \\"abc\\"}', "abc"),
        ("PASSWORD=hunter22&x=1", "hunter22"),
        ("mail of ana.lopez+x@example.co.uk", "ana.lopez"),
        ("user_id: 108124170931230011223", "108124170931230011223"),
        ("f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "a765"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\n-----END RSA PRIVATE KEY-----", "MIIE"),
        ("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQOYBF\n-----END PGP PRIVATE KEY", "lQOY"),
        ("GET /x?k=-----BEGIN+RSA+PRIVATE+KEY-----%0AMIIEabc", "MIIE"),
        ("y/958vIMYHGNbf66TD4A8QsX3goT0k/YWAtMUaN4/vsdV3R+OoLJ2bNl+oCH3VDgn", "YWAtMUaN4"),
        ("AKIA wJalrA2h9Uz0/T1SaQ6dDwxlGejkc5bJFIoxSLiv", "T1SaQ6"),
        ("/webhooks/634312/UNZEoANinDYP_mxfhcBe_4RJpwmCZD_5WvDEK7XB5HQ_oBk", "mxfhcBe"),
        ("AccountName=a;AccountKey=Zm9vYmFy+x/1==;Suffix", "Zm9v"),
        ("Authorization: Basic NpgJwkhXcTuBUwqQ", "Npg"),
        ('password = "correct horse"', "correct"),
        ("token=b'5TQFnPt9JXc3ts'", "5TQF"),
        ('secret: "lSmqPoeBSx"', "lSmq"),
        ("x='{\\\\\"password\\\\\":\\\\\"Yiq0PG\\\\\"}'", "Yiq0"),
        ('q={"password":+"hunter2+x"}', "hunter2"),
        ("redirect=https%3A%2F%2Fx%3Ftoken%3DHunrctG6", "Hunr"),
        ("the password is hunter22", "hunter22"),
        ("password: letmein", "letmein"),
        ("Authorization: Bearer abcdefghijklmnopq", "abcdefgh"),
        ("DB password: correcthorse, user: app", "correcthorse"),
        ("cannot log in (Password: letmein)", "letmein"),
        ("client_secret: opensesame", "opensesame"),
        ("api key: abcdefgh", "abcdefgh"),
        ("password is 'a b c'", "a b c"),
        ("db password 'letmein' refused", "letmein"),
        ("curl -u admin:hunter22 https://x", "hunter22"),
        ("mysql --password hunter22 -h db", "hunter22"),
        ("card 4242 4242 4242 4242 declined", "4242 4242 4242"),
        ("card 4242-4242-4242-4242", "4242-4242-4242"),
        ("card 378282246310005", "378282246310005"),
        ("to DE89370400440532013000", "440532013000"),
        ("to DE89 3704 0044 0532 0130 00", "0532 0130"),
        ("to GB29NWBK60161331926819", "60161331926819"),
        ("call +49 170 1234567 or", "1234567"),
        ("call +18057162415", "7162415"),
        ("{User:app Password:zpEFlWWvj Host:db}", "zpEF"),
        ("dckr_pat_LW9isiTbQT11XunBYnApY0-AZjI", "LW9i"),
        ("GET /x?q=password+is+hunter22+and", "hunter22"),
        ("GET /x?q=curl+-u+admin:hunter22+x+--token+hunter22", "hunter22"),
        ("GET /callback?email=jane.doe%40example.org&x=1", "jane"),
        ("GET /u/jane.doe%2540example.org/edit", "jane"),
        ("mail%3Djane%2Bnews%40example.co.uk", "jane"),
        ("GET /x?password%3Dcorrecthorse&y", "correct"),
        ("GET /x?q=password%20hunter22", "hunter22"),
        ("GET /x?q=password%3A%20letmein&z", "letmein"),
        ("q=%7B%22password%22%3A%22correct%20horse%22%7D", "horse"),
        ("q=%22token%22:%22abc%22&token%2520is%2520AbCdEf1", "AbCdEf1"),
        ("bot 4819615170:AAvulZJMAAEQIijV7gvMITDYZw9HQCHFdZO", "AAvul"),
    ],
)  # fmt: skip
def test_secrets_are_gone(text: str, secret: str) -> None:
    assert secret not in redact(text)
    assert secret not in json.dumps(redact_json({"a": [{"b": text}]}), ensure_ascii=False)


def test_reads_as_a_worklog_does() -> None:
    line = "Created user ana@netrasystems.ai from JWT=REDACTED (user_id: 108124170931230011223)"
    assert (
        redact(line) == "Created user ***@netrasystems.ai from JWT=REDACTED (user_id: 10812417...)"
    )


def test_words_that_only_sound_secret_stay() -> None:
    for line in (
        "Invalid token: expired",
        "bearer authentication is required",
        "No module named 'auth_service'",
        "PasswordResetRequested event dropped",
        "http://host:8080/path",
        "secret manager is unavailable",
        "Missing secret: 'STRIPE_KEY'",
        "secret: stripe-key",
        "authorization: bearer authentication is required",
        "password: incorrect",
        "Invalid API key: missing",
        "password: must not be empty",
        "private key: not found in /etc/keys",
        "column password: string, nullable",
        "the password is too short",
        "PydanticDeprecatedSince20: use ConfigDict",
        "OAuth2AuthorizationV1Beta2Exception: refused",
        "JdbcSQL92IntegrityConstraintViolationException",
        "GoogleCloudAiplatformV1beta1PublisherModelConfigV2Exception",
        "NoSuchBeanOfMyAppContextException",
        "GET /files/My%20Report.pdf, /help?q=token%20expired",
        "cannot open /workspace/src/main/java/com/acme/billing/InvoiceServiceV2Impl",
        "[2026-11-20 09:00:00 +0000] [1] 2026-11-20T12:00:00+00:00",
        "revision checkout-service-00041-abc-7d9c5b6f4d-x2x9z is not ready",
    ):
        assert redact(line) == line


def test_values_under_a_secret_key_go_whatever_they_are() -> None:
    clean = redact_json({"headers": {"Authorization": "abc", "cookie": "x"}, "count": 3})
    assert clean == {"headers": {"Authorization": "REDACTED", "cookie": "REDACTED"}, "count": 3}


def test_lists_and_objects_under_a_secret_key_go_too() -> None:
    clean = redact_json(
        {"Authorization": ["abc"], "cookies": {"sid": "x"}, "password": 12345678, "token": None}
    )
    gone = "REDACTED"
    assert clean == {"Authorization": gone, "cookies": gone, "password": gone, "token": None}


def test_what_is_too_deep_or_too_much_is_cut_and_says_so() -> None:
    deep: object = "bottom"
    for _ in range(100):
        deep = {"a": deep}
    assert "nested too deep" in json.dumps(redact_json(deep), ensure_ascii=False)
    assert redact_json(list(range(500)))[-1] == "… 300 more"  # type: ignore[index]


@given(st.text(max_size=300))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


def test_half_a_surrogate_pair_becomes_a_sign_that_can_be_written() -> None:
    assert redact("odd \ud800 letter") == "odd \ufffd letter"
    assert json.loads(json.dumps(redact_json({"\udfff": "\ud83d"}))) == {"\ufffd": "\ufffd"}
