"""Prints a job of GitHub Actions or GitLab CI as a script for bash: `.ci/job_script.py FILE JOB`.

A variable that the environment has is left as it is. Steps that use an action are left out.
"""

import os
import shlex
import sys

from ruamel.yaml import YAML

path, name = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    document = YAML(typ="safe").load(file)
is_github = "jobs" in document
job = document["jobs"][name] if is_github else document[name]

print("set -eo pipefail")
for key, value in job.get("env" if is_github else "variables", {}).items():
    if key not in os.environ:
        print(f"export {key}={shlex.quote(str(value))}")
if is_github:
    print("export RUNNER_TEMP=$(mktemp -d) GITHUB_PATH=$(mktemp)")
    for step in job["steps"]:
        if "run" in step:
            # Each in a shell of its own, which may extend the PATH of those after it.
            print(f"(\n{step['run']}\n)")
            print('while read -r folder; do PATH=$folder:$PATH; done < "$GITHUB_PATH"')
else:
    for line in [*job.get("before_script", []), *job["script"]]:
        print(line)
