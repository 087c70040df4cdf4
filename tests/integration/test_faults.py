"""The short form of tests/faults: each fault for a moment, a few dozen messages."""

from faults import Faults, Run


def test_nothing_is_lost(gnupg):
    run = Run(gnupg, seconds=1, per_second=6)
    outcome = run.run()
    assert outcome.problems == [], f"seed {run.seed}"
    assert outcome.stored - outcome.duplicates == outcome.expected > 80
    # With six messages a second, a single one of these may meet none that it is about.
    by_gpg = sum(outcome.deferred[fault.__name__] for fault in Faults.FAILING)
    assert by_gpg > 0 and outcome.deferred["disk_full"] > 0, f"nothing broke: {outcome}"
