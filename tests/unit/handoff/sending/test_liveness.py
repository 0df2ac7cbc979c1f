"""The keys of advisory locks."""

from services.handoff.sending.liveness import key_of


def test_lock_keys_are_stable_across_processes_and_fit_64_bits() -> None:
    """Processes of two versions may run side by side while one is rolled out."""
    assert key_of("01a21934-c61a-76dc-bb27-a517512f2eea") == 8666585258859717304
    assert all(-(2**63) <= key_of(str(n)) < 2**63 for n in range(1_000))
    assert len({key_of(str(n)) for n in range(1_000)}) == 1_000
