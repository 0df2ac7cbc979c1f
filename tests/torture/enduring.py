"""One fault from beginning to end: set up the scene, inject the fault, compare the tables."""

from uuid import uuid4

from tests.e2e.crowd import crowd
from tests.e2e.flipline import ALL_IN_ONE, ONE_EACH, settings
from tests.support.patience import stopwatch
from tests.torture.fault import Fault
from tests.torture.ground import Ground, new_database
from tests.torture.outcome import Outcome, reckon
from tests.torture.scene import staged

EVENTS_OF_A_PERSON = 40


async def endure(fault: Fault, ground: Ground, *, events: int, rounds: int = 1, seed: int = 1) -> Outcome:
    """Inject the fault into a Flipline `rounds` times, each time while `events` events are posted."""
    elapsed = stopwatch()
    directory = ground.directory / f"{fault.name.replace(' ', '-')}-{uuid4().hex[:8]}"
    directory.mkdir()
    disk = ground.disk() if fault.small_disk else None
    own = ground.own(fault.own) if fault.own else None
    data_dir = (disk if disk and fault.small_disk == "log" else directory) / "data"
    tables = (disk if disk and fault.small_disk == "tables" else directory) / "tables"
    tables.mkdir(mode=0o700)
    more = {
        "data_dir": str(data_dir),
        "database_url": f"sqlite:///{tables}/state.sqlite",
        "webhook_timeout_seconds": "3",
        **fault.settings,
    }
    if fault.log == "kafka":
        log = own.address if own and own.kind == "kafka" else ground.address("kafka")
        more |= {
            "log": log,
            "kafka_topic_prefix": f"torture-{uuid4().hex[:8]}-",
            "kafka_session_timeout_seconds": "2",
        }
    if fault.tables == "postgres":
        cluster = own.address if own and own.kind == "postgres" else ground.address("postgres")
        more["database_url"] = await new_database(cluster)
    people = max(5, events // EVENTS_OF_A_PERSON)
    # A crowd of its own for each round, so that people flip in each.
    deeds = [deed for number in range(rounds) for deed in crowd(seed + number, people=people, deeds=events)]
    commands = ONE_EACH if fault.one_process_each else ALL_IN_ONE
    async with staged(settings(**more), commands, deeds, directory, seed=seed, own=own, disk=disk) as scene:
        for number in range(rounds):
            scene.sender.begin_round(number, rounds)
            await fault.inject(scene)
            await scene.ready()
            await scene.sender.has_posted(1)
        return await reckon(fault, scene, elapsed)
