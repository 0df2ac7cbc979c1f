import pytest

from services.ingest.judge import judge

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 "
    "Safari/537.36"
)
OLD_PHONE = "SAMSUNG-GT-E2232/1.0 Openwave/6.2.3 Profile/MIDP-2.0 Configuration/CLDC-1.1 UP.Browser/6.2.3"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1 Mobile/15E148 Safari/604.1"
)


@pytest.mark.parametrize(
    "user_agent", [FIREFOX, CHROME, IPHONE, OLD_PHONE, "Opera/9.80 (X11) Presto/2.12", None]
)
def test_browsers_and_unknown_senders_are_taken_for_people(user_agent: str | None) -> None:
    assert judge("visit", user_agent) is None


@pytest.mark.parametrize(
    ("user_agent", "reason"),
    [
        ("", "no_user_agent"),
        ("-", "no_user_agent"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "crawler"),
        ("curl/8.5.0", "crawler"),
        ("Tiny Tiny RSS/1.11 (http://tt-rss.org/)", "feed_reader"),
        ("UniversalFeedParser/4.2-pre-314-svn +http://feedparser.org/", "feed_reader"),
        ("Liferea/1.8.3 (Linux; en_GB.UTF-8; http://liferea.sf.net/)", "feed_reader"),
        ("Feedbin - 1 subscribers", "feed_reader"),
        ("Barracuda Sentinel (EE)", "link_scanner"),
        (
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
            "mail_proxy",
        ),
        ("Chef Client/10.18.2 (ruby-1.9.3-p327; +http://opscode.com)", "script"),
        ("Ruby", "script"),
    ],
)
def test_a_machine_is_told_by_its_user_agent(user_agent: str, reason: str) -> None:
    assert judge("visit", user_agent) == reason


def test_apples_mail_privacy_opens_mails_that_nobody_reads() -> None:
    assert judge("email_open", "Mozilla/5.0") == "mail_proxy"
    assert judge("email_click", "Mozilla/5.0") is None


def test_an_endless_user_agent_is_judged_by_its_beginning() -> None:
    assert judge("visit", "Googlebot/2.1 " + "x" * 1_000_000) == "crawler"
