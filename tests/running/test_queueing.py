"""Fair queueing: nothing lost, nothing reordered within a sender, bounded, and nobody starves (decision 18)."""

from collections import Counter, defaultdict, deque

from hypothesis import given
from hypothesis import strategies as st

from civicloop.core.running.queueing import ABSENT_MAX, FairQueue

SIZE_MAX = 2_000
BATCH_MAX = 200
SENDERS = "abcde"

puts = st.tuples(st.sampled_from(SENDERS), st.integers(1, 2 * BATCH_MAX))
takes = st.none()


@given(st.lists(puts | takes, max_size=200))
def test_nothing_is_lost_and_nothing_overtakes_within_a_sender(doings: list[tuple[str, int] | None]) -> None:
    queue: FairQueue[tuple[str, int, int]] = FairQueue(SIZE_MAX)
    model: defaultdict[str, deque[tuple[str, int, int]]] = defaultdict(deque)
    for number, doing in enumerate([*doings, *[None] * (len(doings) + 1)]):
        held = {sender: sum(size for _, _, size in line) for sender, line in model.items()}
        assert (queue.size, len(queue)) == (sum(held.values()), sum(map(len, model.values())))
        assert queue.size <= SIZE_MAX
        if doing is not None:
            sender, size = doing
            room = SIZE_MAX - queue.size
            assert queue.held(sender) == held.get(sender, 0)
            assert queue.put(sender, (sender, number, size), size) is (held.get(sender, 0) + size <= room)
            if held.get(sender, 0) + size <= room:
                model[sender].append((sender, number, size))
            continue
        taken = queue.take(BATCH_MAX)
        assert bool(taken) is any(model.values()), "a turn takes something whenever something waits"
        assert sum(size for _, _, size in taken[:-1]) < BATCH_MAX, "it stops once it has enough"
        for one in taken:
            assert model[one[0]].popleft() == one
    assert not any(model.values())
    assert (queue.size, len(queue), queue.take(1)) == (0, 0, [])


@given(st.dictionaries(st.sampled_from(SENDERS), st.integers(1, BATCH_MAX), min_size=2), st.integers(1, 60))
def test_those_who_always_wait_are_served_alike_however_they_cut_batches(sizes: dict[str, int], turns: int) -> None:
    queue: FairQueue[tuple[str, int]] = FairQueue(100 * BATCH_MAX)
    served: Counter[str] = Counter(dict.fromkeys(sizes, 0))
    for _ in range(turns):
        for sender, size in sizes.items():
            while queue.held(sender) < 2 * BATCH_MAX:
                assert queue.put(sender, (sender, size), size)
        for sender, size in queue.take(BATCH_MAX):
            served[sender] += size
    assert max(served.values()) - min(served.values()) <= 2 * max(sizes.values())


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, BATCH_MAX)), min_size=1, max_size=60),
    st.integers(0, 10),
)
def test_whoever_was_quiet_waits_for_a_batch_of_a_flood_at_most(flood: list[tuple[str, int]], turns: int) -> None:
    queue: FairQueue[tuple[str, int]] = FairQueue(SIZE_MAX)
    for _ in range(2):  # the second time there are rounds under way
        for sender, size in flood:
            queue.put(sender, (sender, size), size)
        for _ in range(turns):
            queue.take(BATCH_MAX)
    waiting = sum(queue.held(sender) > 0 for sender in "abcd")
    assert queue.put("alarm", ("alarm", 1), 1), "there is always room for one more"
    order: list[tuple[str, int]] = []
    while queue.size:
        order += queue.take(BATCH_MAX)
    before = sum(size for _, size in order[: order.index(("alarm", 1))])
    assert before <= BATCH_MAX + waiting


def test_one_who_comes_back_with_a_large_batch_each_time_does_not_get_more_than_one_who_waits() -> None:
    queue: FairQueue[tuple[str, int]] = FairQueue(100 * BATCH_MAX)
    served: Counter[str] = Counter()
    for _ in range(50):
        if not queue.held("bursts"):
            queue.put("bursts", ("bursts", BATCH_MAX), BATCH_MAX)
        while queue.held("waits") < 2 * BATCH_MAX:
            queue.put("waits", ("waits", 1), 1)
        for sender, size in queue.take(BATCH_MAX):
            served[sender] += size
    assert served["waits"] >= served["bursts"] - 2 * BATCH_MAX


def test_senders_without_end_neither_starve_one_who_waits_nor_are_remembered() -> None:
    queue: FairQueue[str] = FairQueue(100_000)
    served: Counter[str] = Counter()
    crowd = 0
    for number in range(5 * ABSENT_MAX):
        while queue.held("old") < 2 * BATCH_MAX:
            queue.put("old", "old", BATCH_MAX)
        queue.put(f"new {number}", "new", 1)
        crowd = max(crowd, queue._waiting)
        served.update(queue.take(1))
        assert len(queue._senders) <= ABSENT_MAX + BATCH_MAX
    assert crowd < 10
    assert served["old"] * BATCH_MAX >= served["new"] / crowd - BATCH_MAX, "it gets the share of one among them"
    while queue.size:
        queue.take(BATCH_MAX)
    assert (queue._senders, queue._clock) == ({}, 0.0)


def test_alone_half_of_the_room_and_never_all_of_it() -> None:
    queue: FairQueue[int] = FairQueue(100)
    taken_in = {sender: sum(queue.put(sender, number, 1) for number in range(100)) for sender in "abc"}
    assert taken_in == {"a": 50, "b": 25, "c": 13}
    assert queue.put("d", 0, 12)
