"""The shortest way to put our layout on a card, kind by kind, for the benchmark to compare with.

Straight-line scripts: no looking first, no answer that changes what comes next, nothing for a card that was torn. Each
command stands beside the reason why the layout cannot do without it. With ``checked`` a script also does what the desk
must do whatever it costs: ask for the UID before each group of writes, and read back what it wrote, with the keys that
it wrote. The benchmark runs each script against the virtual card and compares what then lies on it, so that neither
too little nor something else is counted.
"""
