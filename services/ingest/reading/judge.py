"""Human or machine, decided by the user agent; a machine's events are stored and marked, never refused."""

from functools import lru_cache

from crawleruseragents import is_crawler

from services.ingest.reading import machines

# No browser sends a longer user agent, and the cache below stays within some megabytes.
MAX_USER_AGENT_LENGTH = 512

NO_USER_AGENT = "no_user_agent"
CRAWLER = "crawler"
FEED_READER = "feed_reader"
LINK_SCANNER = "link_scanner"
MAIL_PROXY = "mail_proxy"
MONITOR = "monitor"
SCRIPT = "script"

# Apple's Mail Privacy Protection fetches every picture whether or not the mail is read, under this name.
_APPLE_MAIL_PRIVACY = "Mozilla/5.0"


def judge(type: str, user_agent: str | None) -> str | None:
    """Return why this was no human, or None; an unknown user agent (None) has the benefit of the doubt."""
    if user_agent is None:
        return None
    return _judge(type == "email_open", user_agent[:MAX_USER_AGENT_LENGTH])


@lru_cache(maxsize=8_192)
def _judge(is_open: bool, user_agent: str) -> str | None:
    if user_agent.strip() in {"", "-"}:
        return NO_USER_AGENT
    if is_open and user_agent == _APPLE_MAIL_PRIVACY:
        return MAIL_PROXY
    for reason, pattern in (
        (MAIL_PROXY, machines.MAIL_PROXIES),
        (FEED_READER, machines.FEED_READERS),
        (LINK_SCANNER, machines.LINK_SCANNERS),
        (MONITOR, machines.MONITORS),
    ):
        if pattern.search(user_agent):
            return reason
    if is_crawler(user_agent):
        return CRAWLER
    return SCRIPT if machines.SCRIPTS.search(machines.TELEPHONE.sub(r"\1", user_agent)) else None
