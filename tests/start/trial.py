"""A trial for the browser tests: makes a project in a folder of its own, runs
it with --inject, prints its URL, and ends both when standard input does."""
import json
import shutil
import sys
import tempfile

import rig

folder = tempfile.mkdtemp(prefix="clt")
try:
    project = rig.make_project(folder + "/project")
    s = rig.Start(project, ["manage.py", "runserver", "{port}"],
                  options=["--inject", "-o", "drain_time=0.2"])
    try:
        s.wait_collabd()
        print(json.dumps({"url": "http://127.0.0.1:%d" % s.port}), flush=True)
        sys.stdin.read()
    finally:
        s.end()
finally:
    shutil.rmtree(folder, ignore_errors=True)
