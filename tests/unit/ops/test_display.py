"""Tables and bars of ops, as they look."""

import io

from rich.console import Console

from services.ops import display


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_markup_in_names_and_messages_is_not_interpreted() -> None:
    console = Console(file=io.StringIO(), width=160)
    change = {"text": "visits: asks for path in [bold] -> [/red]", "needs_counting": True}
    console.print(display.difference("m: from version 1 to the draft", [change]))
    warning = {"field": "rules.0[a]", "rule": "[c]", "code": "x", "message": "no [b] ever came"}
    console.print(display.warnings([warning]))
    console.print(display.complaints([{"field": None, "message": "is [/nested] too deep"}]))
    output = printed(console)
    assert "visits: asks for path in [bold] -> [/red] │ yes" in output
    assert "rules.0[a] │ [c]  │ no [b] ever came" in output
    assert "(the whole) │ is [/nested] too deep" in output


def test_a_warning_that_no_lead_is_expected_is_red() -> None:
    found = [
        {"field": "flip_number", "rule": None, "code": "no_lead_expected", "message": "nobody meets [a]"},
        {
            "field": "rules.0.when.type",
            "rule": "rides",
            "code": "type_unknown",
            "message": "did you mean `x`?",
        },
    ]
    console = Console(file=io.StringIO(), width=120, force_terminal=True, color_system="standard")
    console.print(display.warnings(found))
    (alarm,) = [line for line in printed(console).splitlines() if "nobody meets" in line]
    (other,) = [line for line in printed(console).splitlines() if "did you mean" in line]
    red = "\x1b[1;31m"
    assert red in alarm
    assert red not in other
    assert "rides" in other
    assert display.alarms(found).plain == "Warning: nobody meets [a]."
    assert not display.alarms(found[1:])


def test_a_mover_without_an_earlier_score_is_shown_with_none() -> None:
    console = Console(file=io.StringIO(), width=160)
    movers = [
        {"profile_id": "a", "before": None, "after": 12.5},
        {"profile_id": "b", "before": 1234567.125, "after": 0},
    ]
    console.print(display.movers("Biggest movers", movers, of=2))
    rows = [line.split() for line in printed(console).splitlines() if "│" in line]
    assert [[cell for cell in row if cell != "│"] for row in rows] == [
        ["a", "none", "12.5", "+12.5"],
        ["b", "1234567.125", "0", "-1234567.125"],
    ]


def test_movers_show_identity_and_company_and_the_size_of_a_cut_list() -> None:
    console = Console(file=io.StringIO(), width=160)
    ana = {"identity": {"kind": "email", "value": "[ana]@acme.example"}, "company": "acme.example"}
    movers = [{"profile_id": f"p{n}", "before": 1, "after": n} | (ana if n == 0 else {}) for n in range(12)]
    console.print(display.movers("Would flip", movers, of=4_312))
    output = printed(console)
    assert "Would flip (10 of 4,312)" in output
    assert "email [ana]@acme.example │ acme.example │" in output
    assert [name in output for name in ("p0", "p1 ", "p9", "p10")] == [False, True, True, False]
