"""Objects made from the CRD's own schema live on the cluster: as something, as something else, and as before."""

import collections

import pytest

from tests.e2e.harness import audit, kube, process
from tests.fuzz import effort, lives

LIVES, STEPS, AT_ONCE = 16, 2, 8
#: Other tests keep the machine busy meanwhile.
PATIENCE = 3.0


@pytest.mark.timeout(600 * max(1, effort.TIMES))
def test_edited_into_anything_and_back(operator: process.Operator, namespace: str) -> None:
    log = audit.Log(namespace)
    operator.start(settings={"ACTIVE_RUNS": "4"})
    drawn = effort.drawn(lives.specs(STEPS), LIVES)
    made = [lives.Life(f"f{number}", first, others) for number, (first, others) in enumerate(drawn)]
    for begin in range(0, len(made), AT_ONCE):
        lives.play(namespace, made[begin : begin + AT_ONCE], PATIENCE)
        assert not operator.ended(), operator.last_log()[-4000:]
    problems = [f"{life.name}: {problem}" for life in made for problem in life.problems]
    assert not problems, "\n".join([*problems, effort.again("tests/e2e/test_fuzz.py")])
    assert "Traceback" not in operator.log()
    assert not [write for write in log.accepted() if "refused-" in write.name]
    assert not [name for name in kube.names("inspects", namespace) if name.startswith("refused-")]
    passed = collections.Counter(word.partition(":")[0] for life in made for word in life.passed)
    print(dict(passed))
    # Were most refused at once, nothing would be proved.
    assert passed["began"] >= len(made) / 4, passed
    assert passed["taken"], passed
    assert passed["refused by the API server"], passed
