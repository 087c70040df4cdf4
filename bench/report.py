"""The table and the plot of bench/run."""

import subprocess


def size_name(size):
    for unit, factor in (("MB", 1_000_000), ("kB", 1_000)):
        if size >= factor:
            return f"{size // factor} {unit}"
    return f"{size} B"


class Report:
    """Prints tables as they come and keeps them for a file.

    Figures that have a demand come once more in a table at the end, met or missed.
    """

    def __init__(self):
        self.lines, self._demands = [], []

    def say(self, line=""):
        self.lines.append(line)
        print(line, flush=True)

    def title(self, text):
        self.say()
        self.say(text)
        self.say("-" * len(text))

    def row(self, *cells, widths=(34,) + (16,) * 8):
        first, *others = [str(cell) for cell in cells]
        self.say(first.ljust(widths[0]) + "".join(
            cell.rjust(width) for cell, width in zip(others, widths[1:])).rstrip())

    def demand(self, name, value, at_most=None, at_least=None, form="{:.2f}"):
        """A cell with the value, with a star if it isn't what is demanded."""
        met = value <= at_most if at_most is not None else value >= at_least
        wanted = f"<= {form.format(at_most)}" if at_most is not None \
            else f">= {form.format(at_least)}"
        self._demands.append((name, form.format(value), wanted, met))
        return form.format(value) + (" " if met else "*")

    def demands(self):
        """Returns how many were missed."""
        self.title("What is demanded")
        for name, value, wanted, met in self._demands:
            self.row(name, value, wanted, "met" if met else "MISSED", widths=(58, 9, 11, 8))
        return sum(not met for *_, met in self._demands)

    def write(self, file):
        file.write_text("\n".join(self.lines) + "\n")


PLOT = """
set terminal svg size 800,500 background "white"
set output "{output}"
set title "Cost of sealing one message"
set xlabel "size of the message, bytes"
set ylabel "milliseconds"
set logscale xy
set grid
set key top left
plot {curves}
"""


def plot(curves, folder):
    """curves is {label: {size: milliseconds}}; writes cost.dat, cost.gp and cost.svg."""
    blocks, commands = [], []
    for index, (label, points) in enumerate(curves.items()):
        rows = "".join(f"{size} {value:.3f}\n" for size, value in sorted(points.items()))
        blocks.append(f"# {label}\n{rows}")
        commands.append(f'"{folder}/cost.dat" index {index} with linespoints title "{label}"')
    (folder / "cost.dat").write_text("\n\n".join(blocks))
    script = folder / "cost.gp"
    script.write_text(PLOT.format(output=folder / "cost.svg", curves=", \\\n  ".join(commands)))
    subprocess.run(["gnuplot", script], check=True)
