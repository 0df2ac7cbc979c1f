"""Human or machine, told by the user agent; a machine's events are kept and marked, never refused."""

import re
from functools import lru_cache

from crawleruseragents import is_crawler

# Longer ones are none of a browser, and the cache below stays within some megabytes.
MAX_USER_AGENT_LENGTH = 512

NO_USER_AGENT = "no_user_agent"
CRAWLER = "crawler"
FEED_READER = "feed_reader"
LINK_SCANNER = "link_scanner"
MAIL_PROXY = "mail_proxy"
SCRIPT = "script"

# Apple's Mail Privacy Protection fetches every picture whether or not the mail is read, under this name.
_APPLE_MAIL_PRIVACY = "Mozilla/5.0"
# These fetch for a person, at a time of their own and once for many, so an open proves no reading.
_MAIL_PROXY = re.compile(r"GoogleImageProxy|YahooMailProxy|DuckDuckGo-Mail")
_LINK_SCANNER = re.compile(
    r"Barracuda|Mimecast|Proofpoint|FireEye|Symantec|MessageLabs|Cloudmark|Bitdefender|Sophos|TrendMicro"
    r"|IronPort|Forcepoint|Zscaler|SafeLinks|BingPreview|Link ?Validator",
    re.IGNORECASE,
)
_FEED_READER = re.compile(
    r"\b(?:Universal)?Feed(?:Parser|ly|bin|Burner|Demon|Fetcher|Wrangler)|\bFeed Fetcher|Tiny Tiny RSS"
    r"|NewsBlur|Liferea|NetNewsWire|Inoreader|The Old Reader|Newsify|Reeder/|Akregator|RSSOwl|Miniflux"
    r"|FreshRSS|Spinn3r|\b\d+ (?:subscribers?|readers?)\b|\bRSS\b",
    re.IGNORECASE,
)
# Only programs advertise a page about themselves behind a plus, and no browser begins with these names.
_SCRIPT = re.compile(
    r"\+ ?https?://|^(?:(?!Mozilla|Opera).)*https?://|^(?:Ruby|Java|PHP|Python|Perl|libwww|libfetch|fetch)\b"
    r"|HTTP_Request|Chef Client|\w(?:bot|spider|crawler)\b"
)


def judge(type: str, user_agent: str | None) -> str | None:
    """Return why this was no human, or None; an unknown user agent (None) has the benefit of the doubt."""
    if user_agent is None:
        return None
    return _judge(type == "email_open", user_agent[:MAX_USER_AGENT_LENGTH])


@lru_cache(maxsize=8_192)
def _judge(is_open: bool, user_agent: str) -> str | None:
    if user_agent in {"", "-"}:
        return NO_USER_AGENT
    if is_open and user_agent == _APPLE_MAIL_PRIVACY:
        return MAIL_PROXY
    for reason, pattern in (
        (MAIL_PROXY, _MAIL_PROXY),
        (FEED_READER, _FEED_READER),
        (LINK_SCANNER, _LINK_SCANNER),
    ):
        if pattern.search(user_agent):
            return reason
    if is_crawler(user_agent):
        return CRAWLER
    return SCRIPT if _SCRIPT.search(user_agent) else None
