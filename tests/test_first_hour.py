"""docs/first-hour.md: its blocks are run one after another, as a reader would, in an empty folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from streams.kafka.local import free_port
from tests.support.patience import stretched

PAGE = (Path(__file__).parents[1] / "docs/first-hour.md").read_text()
BLOCKS = re.findall(r"```sh\n(.+?)```", PAGE, re.DOTALL)


@pytest.mark.soak
def test_the_first_hour_goes_as_it_is_told(tmp_path: Path) -> None:
    http = free_port()
    script = "set -e\ntrap 'kill $(jobs -p) || true; tierflow kafka stop' EXIT\n" + "echo ---\n".join(BLOCKS)
    script = script.replace("6066", str(http))
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": os.environ["HOME"],
        "TIERFLOW_HTTP_PORT": str(http),
        "TIERFLOW_DATA_DIR": str(tmp_path / "data"),
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{(kafka := free_port())}",
    }
    script = script.replace("tierflow demo", "env -u KAFKA_BOOTSTRAP_SERVERS tierflow demo")
    script = script.replace("tierflow kafka start", f"tierflow kafka start --port {kafka}")
    ran = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=stretched(180),
        check=False,
    )
    said = ran.stdout.split("---\n")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "audit         clean" in said[0]
    assert "low -> mid  510,000.00 TWD  threshold_crossed" in said[2]
    assert "4,490,000.00 missing in value" in said[3]
    assert "1 passed" in said[5]
    assert "mid -> plus  510,000.00 TWD  policy_changed" in said[6]
    assert "plus -> private  3,100,000.00 TWD" in said[7]
    assert said[8].count("\nclean") == 2
