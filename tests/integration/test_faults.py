"""The short form of tests/faults: each fault for a moment, a few dozen messages."""

from faults import Run


def test_nothing_is_lost(gnupg):
    run = Run(gnupg, seconds=1, per_second=6)
    outcome = run.run()
    assert outcome.problems == [], f"seed {run.seed}"
    assert outcome.stored - outcome.duplicates == outcome.expected > 80
    assert sum(outcome.deferred.values()) > 20, "nothing broke"
