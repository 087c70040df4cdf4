"""seal-filter: many messages through the whole core in one process."""

import subprocess
import tempfile


def seal(messages, *arguments):
    """What the core makes of {seed: message}, in the same order."""
    with tempfile.TemporaryFile() as batch:
        for seed, message in messages.items():
            batch.write(b"%d %d\n" % (len(message), seed) + message)
        batch.seek(0)
        done = subprocess.run(["tests/unit/seal-filter", *map(str, arguments)], stdin=batch,
                              capture_output=True, check=False)
    sealed, position = [], 0
    while position < len(done.stdout):
        end = done.stdout.index(b"\n", position) + 1
        size = int(done.stdout[position:end])
        sealed.append(done.stdout[end:end + size])
        position = end + size
    if done.returncode != 0:
        seed = list(messages)[max(len(sealed) - 1, 0)]
        raise AssertionError(f"seed {seed} or the next: exit {done.returncode}\n"
                             + done.stderr.decode(errors="replace"))
    assert len(sealed) == len(messages)
    return sealed
