"""Names under which programs other than crawlers fetch pages: monitors, scanners, readers, HTTP libraries.

The list of `crawleruseragents` has the crawlers; these names are missing in it.
"""

import re
from typing import Final

# These fetch for a person, but at their own time and once for many people, so an open proves no reading.
MAIL_PROXIES: Final = re.compile(r"GoogleImageProxy|YahooMailProxy|DuckDuckGo-Mail")

# Programs that check the links of a mail before, or instead of, its recipient.
LINK_SCANNERS: Final = re.compile(
    r"Barracuda|Mimecast|Proofpoint|URL ?Defense|FireEye|Trellix|Symantec|MessageLabs|Cloudmark"
    r"|Bitdefender|Sophos|TrendMicro|IronPort|Forcepoint|Zscaler|SafeLinks|BingPreview"
    r"|Link ?(?:Validator|Check)|FortiMail|Vade ?(?:Retro|Secure)|Hornetsecurity|Kaspersky|MailScanner|ClamAV"
    r"|VirusTotal|urlscan|Microsoft Office (?:Existence|Protocol) Discovery",
    re.IGNORECASE,
)

FEED_READERS: Final = re.compile(
    r"\b(?:Universal)?Feed(?:Parser|ly|bin|Burner|Demon|Fetcher|Wrangler)|\bFeed Fetcher|Tiny Tiny RSS"
    r"|NewsBlur|Liferea|NetNewsWire|Inoreader|The Old Reader|Newsify|Reeder/|Akregator|RSSOwl|Miniflux"
    r"|FreshRSS|Spinn3r|\b\d+ (?:subscribers?|readers?)\b|\bRSS\b",
    re.IGNORECASE,
)

# Load balancers, orchestrators and services that check every few seconds whether a site is up, and how
# fast.
MONITORS: Final = re.compile(
    r"kube-probe|ELB-HealthChecker|GoogleHC\b|Stackdriver|Route53"
    # Applications for people have such names too, and say which telephone they run on.
    r"|^(?!.*(?:iPhone|iPad|Android)).*(?:health[ _-]?(?:check|probe|monitor)|monitoring)"
    r"|up ?time(?:bot|robot|[ _-])|Pingdom|StatusCake|Site24x7|Datadog|New ?Relic|Zabbix|Nagios|Icinga"
    r"|check_http|Prometheus|Blackbox[- ]Exporter|^HAProxy|^Consul\b|Envoy/HC|updown\.io|Checkly|^Monit/"
    r"|Gatus|Freshping|HetrixTools|NodePing|Dynatrace|Ruxit|Catchpoint|AlertSite|GTmetrix|Lighthouse|PageSpeed"
    r"|Traffic ?Manager|Load Balancer|^Varnish|^Traefik|^Fastly/|^AlwaysOn\b|IIS Application Initialization"
    r"|AppSignal|^Sentry/|^Rigor\b|\bpinger\b|WebPageTest|SpeedCurve",
    re.IGNORECASE,
)

# No browser begins with these names. Applications use `okhttp` and `Dart` too, but their trackers send the
# telephone's own user agent.
_LIBRARY: Final = (
    r"^(?!.*(?:iPhone|iPad|Android))(?:(?:Ruby|Java|PHP|Python|Perl|libwww|libfetch|fetch|node|undici|axios|got"
    r"|okhttp|Dart|Deno|Bun|Jakarta|Jersey|Apache|ApacheBench|PostmanRuntime|Insomnia|HTTPie|Guzzle|GuzzleHttp"
    r"|Symfony|Faraday|Typhoeus|rest-client|RestSharp|LWP|Mojolicious|WWW|reqwest|ureq|hyper|hackney|Req|Go-http"
    r"|gorequest|resty|colly|curl|wget|aria2|WinHttp|http[_-]?client|http\.rb|wrk|Locust|Siege|vegeta|hey|k6|n8n"
    r"|IFTTT|Zapier|Make|Nuclei|sqlmap|masscan|zgrab|Nmap|censys)\b|WinHttp)"
)
# Only programs advertise a page about themselves behind a plus, or begin with one.
SCRIPTS: Final = re.compile(
    rf"\+ ?https?://|^(?:(?!Mozilla|Opera).)*https?://|{_LIBRARY}|PowerShell/|HTTP_Request|Chef Client"
    r"|\b(?:Cypress|Playwright|Puppeteer|Selenium)\b|\w(?:bot)\b|(?:spider|crawler|scraper)\b",
    re.IGNORECASE,
)
# An Android browser sends the telephone's name here, and some names, such as those of Cubot, end as robots'
# do.
TELEPHONE: Final = re.compile(r"^((?:Mozilla|Dalvik|Opera)/\S+ )\((?!compatible)[^()]*Android[^()]*\)")
