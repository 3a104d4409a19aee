"""From when on something is worth a sentence, and why from there.

Knows numbers and reasons; refuses to know Runs.
"""

# Of the makespan: a remedy that saves less is not told. The same batch, repeated on a
# quiet machine, differs by a few percent, so nobody could see that it has helped.
WORTH = 0.05
# Of the worker time: a kind of time that takes less is not looked into. Whatever its
# remedy, it could not save more than this of a run whose workers are otherwise busy.
NOTABLE = 0.10
# Of the worker time that is idle: below that, one worker of five is not yet in vain,
# and POP's metrics call an efficiency of 80 % good.
IDLE = 0.20
# Times the shortest makespan: as good as it. As for `WORTH`.
AS_GOOD = 1.05
# Of the model's error on the recorded run: from there on it is told.
MODEL_OFF = 0.05
# Handing over may take this much of the work that it brings.
OVERHEAD = 0.05
# From there on it takes too much: twice as much, so that who follows the advice is not
# given it again, and who is about there already, by other means, is left alone.
TOO_MUCH = 2 * OVERHEAD
# Times as long as in the baseline, in the median task: machines differ by less from
# day to day.
INFLATED = 1.10
# Cores that threads under the GIL keep busy together: one, but for what they do while
# they have released it, and for being descheduled.
ONE_CORE = (0.80, 1.20)
# Threads that were inside attempts at once, on average, for them to get in each
# other's way.
SEVERAL = 1.5
# Of the cores: all busy, as far as other processes leave them.
SATURATED = 0.80
# Times the median task: so much longer, it matters when a task starts.
LONG = 1.5
# CPU seconds a second of an attempt: more than one thread, beyond the clocks' grain.
INNER = 1.2
# Of the seconds inside attempts that are computing: they wait, if it is less.
COMPUTES = 0.5
# Seconds of a typical task: CPU time of shorter ones is about the clocks themselves.
GRAIN = 1e-4
