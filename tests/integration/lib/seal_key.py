"""What the tests of doveadm seal key share."""

USAGE, DATA_ERROR, NO_USER, TEMPORARY = 64, 65, 67, 75  # sysexits.h


def set_key(server, user, certificate, *options):
    return server.doveadm("seal", "key", "set", *options, "-u", user, "-f", "-", input=certificate,
                          check=False)


def sentence(done):
    """The one line on stderr that says what is wrong."""
    [line] = done.stderr.decode().splitlines()
    return line


def warnings(done):
    return [line for line in done.stderr.decode().splitlines() if "Warning: " in line]
