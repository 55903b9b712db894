"""The demo site's own Django, driven by stack.py: one JSON command a line on
stdin, one JSON answer a line on stdout.

    {"code": "..."}     runs a piece of Python; what it leaves in "result" is
                        the answer's "ok"

A failure is answered as {"error": traceback}.
"""
import json
import os
import signal
import sys
import traceback

# A Ctrl-C reaches all of the terminal's programs. This one ends when its stdin
# does, and not with a traceback.
signal.signal(signal.SIGINT, signal.SIG_IGN)

sys.path.insert(0, os.getcwd())
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")

import django

django.setup()


def run(code):
    names = {}
    exec(compile(code, "<hook>", "exec"), names)
    return names.get("result")


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)               # what else prints must not break the protocol
    for line in sys.stdin:
        try:
            answer = {"ok": run(json.loads(line)["code"])}
        except Exception:
            answer = {"error": traceback.format_exc()}
        answers.write(json.dumps(answer, default=str) + "\n")
        answers.flush()


main()
