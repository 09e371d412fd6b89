"""What a scenario may look at besides its event: other keys, and other devices."""

import pytest

from civicloop import CLOSE, Event, Finding, Level, Place, Scenario, Step, hours, minutes
from civicloop.core.model.place import Directory
from civicloop.core.model.street import Street
from civicloop.core.sdk.scenario import Context
from civicloop.testing import MORNING, Town


class Spark(Event, type="wire.spark"):
    pass


class Smell(Event, type="wire.smell"):
    pass


class Fire(Scenario[Spark]):
    name = "wire.fire"
    on_cleared = CLOSE
    chain = (Step("look", "cleaner", accept=minutes(10), finish=hours(1)),)

    def assess(self, event, context):
        yield Finding("fire")


class Smelly(Scenario[Smell]):
    """Says what it knows of the fire at the same subject."""

    name = "wire.smelly"
    on_cleared = CLOSE
    chain = Fire.chain

    def assess(self, event, context):
        fire, heard = context.find_case(f"wire.fire/{context.key}"), context.heard(f"wire.fire/{context.key}")
        device = context.find_device("via")
        yield Finding(
            "smell",
            fire=fire.message if fire else "none",
            open=bool(fire and fire.is_open),
            heard=heard.isoformat() if heard else "never",
            gateway=device.kind if device else "none",
            behind=" ".join(one.id for one in context.devices_behind("via")),
        )


def known(town: Town) -> dict:
    return town.case("wire.smelly/w").variables


def test_nothing_is_known_of_a_key_that_nobody_heard_of():
    town = Town(Fire, Smelly)
    town.hear("wire.smell", subject="w")
    assert known(town) == {"fire": "none", "open": False, "heard": "never", "gateway": "none", "behind": ""}


def test_another_key_is_seen_as_it_stands():
    town = Town(Fire, Smelly).add_device("via", kind="gateway").add_device("w", via="via")
    town.hear("wire.spark", subject="w")
    town.wait(minutes(5)).hear("wire.smell", subject="w")
    assert known(town)["fire"] == "fire"
    assert known(town)["open"] is True
    assert known(town)["heard"] == "2025-09-12T00:00:00+00:00"
    assert known(town)["gateway"] == "gateway"
    assert known(town)["behind"] == "w"


def test_what_was_known_last_outlives_the_case():
    town = Town(Fire, Smelly)
    town.hear("wire.spark", subject="w")
    town.answer("void", "wire.fire/w", "ops_center", reason="a child's toy")
    town.wait(minutes(5)).hear("wire.smell", subject="w")
    assert known(town)["open"] is False


@pytest.mark.parametrize(
    "ask", [lambda one: one.case, lambda one: one.heard("a.b/c"), lambda one: one.find_case("a/b")]
)
def test_it_is_not_known_while_the_key_is_asked_for(ask):
    place = Place("street", "Street", Level.STREET)
    context = Context(MORNING, place, None, Street("street", Directory("street", {"street": place})))
    with pytest.raises(LookupError, match="belongs to a key"):
        ask(context)
