"""Time limits of commands, on machines of which nobody knows how busy they are."""

AMPLE = 60                           # seconds, for what shall not run into a limit
SHORT = (2, 10, AMPLE)               # for what shall


def first_in_time(ask, is_late):
    """The answer of ask(seconds), with more of them as long as it came too late for what is asked.

    Where something runs into its limit, all that comes before must not have done so.
    """
    for seconds in SHORT:
        answer = ask(seconds)
        if not is_late(answer):
            break
    return answer
