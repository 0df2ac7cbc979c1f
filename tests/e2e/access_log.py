"""A web server's access log: the real log if it is beside the repository, or a log of the same shape."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

REAL = Path(__file__).parents[3] / "shared" / "data" / "access_log_2015.txt"

LINES = 10_000
_SEED = 2015
_START = datetime(2015, 5, 17, 10, 5, tzinfo=UTC)
_BROWSERS = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_1) AppleWebKit/537.36 Chrome/32.0.1700.77 Safari/537.36",
    "Mozilla/5.0 (Windows NT 6.1; WOW64; rv:27.0) Gecko/20100101 Firefox/27.0",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "UniversalFeedParser/4.2-pre-314-svn +http://feedparser.org/",
    "-",
)
_PAGES = (
    "/",
    "/projects/xdotool/",
    "/blog/tags/puppet",
    "/blog/geekery/ssl-latency.html?page=2",
    "/articles/ssh-security/",
    "/style2.css",
    "/images/jordan-80.png",
    "/robots.txt",
    "/files/logstash/logstash-1.3.2-monolithic.jar",
    "/images/logstash_OSCON.pdf",
)
_STATUSES = (200, 304, 206, 301, 404)


def access_log(directory: Path) -> Path:
    """Return the real log, or write one of the same shape: visitors, robots, bursts, repeats, errors."""
    if REAL.exists():
        return REAL
    rng = random.Random(_SEED)  # noqa: S311 - not a secret
    visitors = [f"{rng.randrange(1, 224)}.{rng.randrange(256)}.{rng.randrange(256)}.7" for _ in range(1_700)]
    at = _START
    lines: list[str] = []
    while len(lines) < LINES:
        # Few visitors come often and most come once, in bursts.
        visitor = visitors[int(rng.paretovariate(0.4)) % len(visitors)]
        browser = rng.choice(_BROWSERS)
        for _ in range(rng.randrange(1, 12)):
            at += timedelta(seconds=rng.randrange(60))
            (status,) = rng.choices(_STATUSES, weights=(90, 4, 1, 2, 3))
            request = f"GET {rng.choice(_PAGES)} HTTP/1.1"
            stamp = at.strftime("%d/%b/%Y:%H:%M:%S +0000")
            lines.append(
                f'{visitor} - - [{stamp}] "{request}" {status} {rng.randrange(90_000)} "-" "{browser}"'
            )
            if rng.random() < 0.01:
                lines.append(lines[-1])
    path = directory / "access.log"
    path.write_text("\n".join(lines[:LINES]) + "\n")
    return path
