import pytest

from services.ingest.reading.judge import judge

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

ENDING_IN_BOT = ("CUBOT", "CUBOT_NOTE_S", "CUBOT X30", "Talbot", "Abbot A1", "iRobot Tablet", "Webspider")


@pytest.mark.parametrize(
    "user_agent",
    [
        FIREFOX,
        CHROME,
        IPHONE,
        OLD_PHONE,
        "Opera/9.80 (X11) Presto/2.12",
        *(
            CHROME.replace("Windows NT 10.0; Win64; x64", f"Linux; Android 9; {name}")
            for name in ENDING_IN_BOT
        ),
        "Dalvik/2.1.0 (Linux; U; Android 10; CUBOT_X30 Build/QP1A)",
        "HealthCheck/2.1 (iPhone; iOS 17.0; Scale/3.00)",
        "Insomnia/3.0 (iPhone; iOS 17.0; Scale/3.00)",
        "Gotham News/2.0 (iPad; iOS 17.0; Scale/3.00)",
        "MyShop/1 CFNetwork/1474 Darwin/23.0.0",
        "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.5182; Pro)",
        f"{CHROME} Avast/120.0",
        None,
    ],
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
        ("kube-probe/1.27", "monitor"),
        ("ELB-HealthChecker/2.0", "monitor"),
        ("GoogleHC/1.0", "monitor"),
        ("Amazon-Route53-Health-Check-Service (ref 1; report http://amzn.to/1vsZADi)", "monitor"),
        ("Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", "monitor"),
        ("Azure Traffic Manager Endpoint Monitor", "monitor"),
        ("docker-healthcheck", "monitor"),
        ("Prometheus/2.45.0", "monitor"),
        ("python-requests/2.31.0", "crawler"),
        ("Go-http-client/2.0", "crawler"),
        ("axios/1.6.2", "crawler"),
        ("okhttp/4.9.3", "crawler"),
        ("Java/17.0.2", "script"),
        ("Jakarta Commons-HttpClient/3.1", "script"),
        ("GuzzleHttp/7", "script"),
        ("PostmanRuntime/7.36", "script"),
        ("node", "script"),
        ("Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.19041.3803", "script"),
        ("Mozilla/5.0 (compatible; BeetleBot; )", "script"),
        ("Hubspot Crawler", "script"),
        ("proofpoint-url-defense", "link_scanner"),
        ("URLDefense/1.0", "link_scanner"),
        ("FortiMail", "link_scanner"),
        ("Microsoft Office Protocol Discovery", "link_scanner"),
    ],
)
def test_a_machine_is_recognised_by_its_user_agent(user_agent: str, reason: str) -> None:
    assert judge("visit", user_agent) == reason


def test_an_email_open_by_apple_mail_privacy_is_a_mail_proxy() -> None:
    assert judge("email_open", "Mozilla/5.0") == "mail_proxy"
    assert judge("email_click", "Mozilla/5.0") is None


def test_an_endless_user_agent_is_judged_by_its_beginning() -> None:
    assert judge("visit", "Googlebot/2.1 " + "x" * 1_000_000) == "crawler"


def test_an_unknown_bot_with_a_phone_user_agent_is_a_script() -> None:
    telephone = CHROME.replace("Windows NT 10.0; Win64; x64", "Linux; Android 6.0.1; Nexus 5X Build/MMB29P")
    assert judge("visit", f"{telephone} (compatible; UnheardOfBot/1.0)") == "script"


@pytest.mark.parametrize(
    "user_agent", ["(" * 512, "Mozilla/5.0 (" * 40, "h" * 512, "monitor" * 73, "+ http:" * 73]
)
def test_a_hostile_user_agent_is_judged_without_failure(user_agent: str) -> None:
    assert judge("visit", user_agent) in {None, "script", "monitor"}
