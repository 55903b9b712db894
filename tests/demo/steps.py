"""The steps of a run without a person, told in words and counted."""
passed = failed = 0


def step(ok, text):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    print("  %s  %s" % ("ok    " if ok else "FAILED", text), flush=True)


def summary():
    """Prints "demo: N passed, N failed"; the exit status."""
    print("demo: %d passed, %d failed" % (passed, failed))
    return 1 if failed else 0
