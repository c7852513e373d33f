"""`tierflow policy check` as it is called: what is printed, and the exit status."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streams.cli.commands import app
from streams.errors import UsageError
from streams.settings import policy_folder

GOOD = 'name = "x"\nversion = 1\ncurrency = "TWD"\n[[tiers]]\nid = "low"\n[[tiers]]\nid = "mid"\nat_least = "500000"\n'


STANDARD = """
standard, version 1: 3 tiers, in TWD, by the days of Asia/Taipei. Everybody is at least low; mid is from a value of
500,000; high is from a value of 5,000,000. The value is assets + 0.01 times volume (at most 50,000), 10% of the assets
less in poor standing. Here volume is the amount of purchase, transfer_in and transfer_out transactions in the last 90
days; assets are the newest total of all products but debts. In default standing nobody is above low. Customers are
rated at once, whenever something changes. A tier is lost after 30 days in a row below its floor, to the tier that is
earned. Nobody falls within 90 days of an upgrade.
Campaign account-opening-gift, for everybody: the first balance or deposit of at least 1,000, within 30 days of the
first event, once.
Campaign cash-back, for low: at each month's end 1% of the month's purchase transactions, from a sum of 3,000 on, at
most 300.
Campaign near-mid, for low: the value is at least 450,000 and below the 500,000 of mid for 3 days in a row, at most once
in 90 days.
Campaign dormant, for low: no transaction for 60 days.
Campaign welcome-mid, for mid: an upgrade to it, not within 60 seconds of a customer's first event.
Campaign welcome-high, for high: an upgrade to it, not within 60 seconds of a customer's first event.
Campaign stay, for everybody: 7 days before the tier is lost if nothing changes.
Of near-mid, dormant and stay a customer gets at most 2 in 30 days.
A loan application is enhanced if it is large, which is from 300,000 for low, 3,000,000 for mid and 10,000,000 for high;
referred if it is large and more than 5 times the assets; enhanced in poor standing; referred in default standing;
enhanced if more than 50% of the assets came in during the last 30 days; else standard. A loan that is not standard is
watched for 180 days: an alert when the assets have come down to 70%, 40% and 10% of what they were, and at each worse
standing.
"""
LOANS = "A loan application is enhanced if it is large"


def checked(path: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["policy", "check", str(path), *options])


@pytest.mark.parametrize(
    ("lang", "first", "last"),
    [
        ("zh-TW", '，第 2 行，version："1" 加了引號；數字請不要加：1', "1 個錯誤；此政策無法使用"),
        ("zh-CN", '，第 2 行，version："1" 加了引号；数字请不要加：1', "1 个错误；此政策无法使用"),
        (
            "en",
            ', line 2, version: "1" is in quotes; write the number without them: 1',
            "1 error; the policy cannot be used",
        ),
    ],
)
def test_findings_are_told_in_the_language_that_is_asked_for(tmp_path: Path, lang: str, first: str, last: str) -> None:
    path = tmp_path / "x.toml"
    path.write_text(GOOD.replace("version = 1", 'version = "1"'))
    done = checked(path, "--lang", lang)
    assert done.stdout.splitlines() == [f"{path}{first}", last]
    assert done.exit_code == 1


def test_a_policy_is_told_in_the_language_that_is_asked_for() -> None:
    done = checked(policy_folder() / "standard.toml", "--lang", "zh-TW")
    assert done.stdout.startswith("standard 第 1 版：3 個等級，幣別 TWD，日期依 Asia/Taipei。所有客戶至少為 low；")


def test_a_chinese_environment_is_told_in_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert checked(policy_folder() / "standard.toml").stdout.startswith("standard 第 1 版：3 个等级，")
    assert checked(policy_folder() / "standard.toml", "--lang", "en").stdout.startswith("standard, version 1: 3 tiers")


def test_a_language_that_is_not_spoken_is_said() -> None:
    done = checked(policy_folder() / "standard.toml", "--lang", "fr")
    assert isinstance(done.exception, UsageError)
    assert str(done.exception) == "--lang is 'fr'; write en, zh-TW or zh-CN"


def test_a_good_policy_is_told_in_sentences_a_campaign_a_line() -> None:
    done = checked(policy_folder() / "standard.toml")
    assert done.exit_code == 0
    assert done.stdout.split() == STANDARD.split()
    assert [line.split(",")[0] for line in done.stdout.splitlines()] == [
        *("standard", "Campaign account-opening-gift", "Campaign cash-back", "Campaign near-mid", "Campaign dormant"),
        *("Campaign welcome-mid", "Campaign welcome-high", "Campaign stay", "Of near-mid", LOANS),
    ]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("dbs-treasures", "treasures is from a value of 350,000, kept from month_end_total of 200,000"),
        ("dbs-treasures", "A tier is lost at the first rating below its floor, which is judged at each month's end"),
        ("esun-unicard-up", "up is from purchases of 30,000 and month_average of 300,000"),
        ("esun-unicard-up", "a change is served from the next month's beginning"),
        ("bofa-preferred-rewards", "A tier is sure for 12 months, and then for a grace of 3 months"),
        ("hsbc-premier-sg", "A tier is lost after 13 months in a row below its floor"),
        ("icbc-stars", "Customers are rated at the end of 30 June and 31 December"),
        ("icbc-stars", "A tier is lost at a rating, to the higher of what the last two ratings gave"),
        ("icbc-stars", "0.001 times assets_average + 0.0005 times loans_average + 0.0001 times volume"),
    ],
)
def test_the_paragraph_says_what_the_bank_says(name: str, says: str) -> None:
    assert says in checked(policy_folder() / f"{name}.toml").stdout


def test_errors_name_file_line_and_field_and_the_exit_status_is_1(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(GOOD.replace('"500000"', "500000").replace('"TWD"', '"twd"'))
    done = checked(file)
    assert done.exit_code == 1
    first, second, last = done.stdout.splitlines()
    assert first.startswith(f'{file}, line 3, currency: "twd" is no currency code of three capital letters (ISO 4217);')
    assert second == f'{file}, line 8, tiers.mid.at_least: 500000 is a number; write it in quotes: "500000"'
    assert last == "2 errors; the policy cannot be used"


def test_warnings_stand_above_the_paragraph_and_the_exit_status_is_0(tmp_path: Path) -> None:
    file = tmp_path / "odd.toml"
    file.write_text(GOOD + '[measures.idle]\nmonth_end = "assets"\n')
    done = checked(file)
    assert done.exit_code == 0
    first, second = done.stdout.splitlines()
    assert (
        first == f'{file}, line 9, measures.idle: warning: no tier or campaign looks at "idle"; use it, or take it out'
    )
    assert second.startswith("x, version 1: 2 tiers")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    for path, says in [
        (tmp_path / "none.toml", "No such file"),
        (tmp_path, "Is a directory"),
        (binary, "no text in UTF-8"),
    ]:
        error = checked(path).exception
        assert isinstance(error, UsageError)
        assert says in str(error)
