"""The programs that check what is deployed. Those that a machine does not have: make deploy-tools."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.patience import stretched

PROJECT = Path(__file__).parents[2]
CHART = PROJECT / "deploy/helm/tierflow"
SCHEMAS = PROJECT / "deploy/helm/schemas"
# What helm takes for granted of the cluster where it is built without a release: the oldest that the chart takes.
KUBERNETES = "1.30.0"

Manifest = Mapping[str, Any]


def run(program: str, *arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end; skips the test where this machine does not have it. given: its standard input."""
    found = shutil.which(program, path=f"{PROJECT / '.tools/bin'}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"no {program} on this machine: make deploy-tools")
    return subprocess.run(
        [found, *arguments], input=given, capture_output=True, text=True, check=False, timeout=stretched(60)
    )


def rendered(*options: str) -> str:
    """Gives what the chart makes."""
    told = run("helm", "template", "tierflow", str(CHART), "--kube-version", KUBERNETES, *options)
    assert told.returncode == 0, told.stderr
    return told.stdout


def manifests(text: str) -> list[Manifest]:
    """Gives the manifests of a text."""
    return [each for each in yaml.safe_load_all(text) if each]


def check_manifests(text: str) -> None:
    """Checks manifests by the schemas of their kinds: a kind without one is wrong, too."""
    location = f"{SCHEMAS}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
    told = run("kubeconform", "-strict", "-summary", "-schema-location", location, given=text)
    assert told.returncode == 0, told.stdout + told.stderr
    assert f"{len(manifests(text))} resources found" in told.stdout
