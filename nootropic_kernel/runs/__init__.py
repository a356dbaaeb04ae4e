"""How agent steps run: the effects they ask for, the driver that serves them, and replay after a crash.

The contract:

- A step is a generator. It yields effects, is sent their answers, and touches nothing itself. A failed effect is thrown
  into it; several at once (`All`) fail as one `PartsFailed`, which keeps the answers of the others.
- `Ask`, `Approve` and `Run` are journalled, each as soon as it is answered, with a digest of the request and of what
  else the answer hangs on (`Handlers.depends_on`: the model, the state of the files). A run that was broken off is
  driven again from its beginning, and what was answered is replayed; the first request that differs drops the answers
  after it, and the run goes on live.
- `Read` and `Search` only look, so they are done again instead: the files may have changed, which then shows in the
  requests that follow, and no copy of the person's files lies in the journal.
- A person's no is an answer. A failure (no server, a cut stream) is none: the next try asks again. When the step itself
  fails on what it was told, its answers are forgotten, because they would only fail it again.
- A stop is felt between any two effects and by the effect that runs; what was answered before is kept.
- One process at a time drives a run (`run_lock`); the operating system frees the lock of one that dies.
- Who keeps the result forgets the run's answers in the same transaction. Of the runs that nobody took up again, the
  oldest are swept.
"""
