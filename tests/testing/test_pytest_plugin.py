"""The fixture that every plugin author gets with civicloop installed."""

import pytest

pytest_plugins = ["pytester"]

STORY = """
from civicloop import CLOSE, Cleared, Event, Finding, Scenario, Step, minutes

class Level(Event, type="x.level"):
    percent: int

class Overflow(Scenario[Level]):
    name = "x.overflow"
    on_cleared = CLOSE
    chain = (Step("empty", "property_company", accept=minutes(10)), Step("supervise", "ops_center", minutes(30)))

    def assess(self, event, context):
        yield Finding("full") if event.percent > self.limit else Cleared()

    limit = 80

kept = []

def test_a_story(town):
    street = town(Overflow)
    kept.append(street)
    street.hear("x.level", subject="B7", percent=95)
    assert street.asked == ["property_company"]
    street.wait(minutes(10))
    assert street.asked == ["property_company", "ops_center"]
    street.hear("x.level", subject="B7", percent=3)
    assert street.is_quiet

def test_several_towns_know_nothing_of_each_other(town):
    one, other = town(Overflow), town(Overflow, nobody=["property_company"])
    one.hear("x.level", subject="B7", percent=95)
    assert other.is_quiet
    other.hear("x.level", subject="B7", percent=95)
    assert other.asked == ["ops_center"]

def test_towns_are_put_away():
    import pytest, sqlite3
    with pytest.raises(sqlite3.ProgrammingError):
        kept[0].cases
"""


def test_the_town_fixture_needs_no_import(pytester: pytest.Pytester):
    pytester.makepyfile(STORY)
    pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider", "-p", "no:randomly").assert_outcomes(passed=3)
