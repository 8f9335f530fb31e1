"""What a Galera run decides without a cluster: how a node is started, what happens when, what is counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from tests.campaigns.galera import __main__ as command
from tests.campaigns.galera import member
from tests.campaigns.galera.cluster import NODES, Cluster, NotWholeError
from tests.campaigns.galera.member import Member, Ports, lacking, options
from tests.campaigns.galera.phases import PHASES, phase_at
from tests.campaigns.galera.run import Outcome

PORTS = Ports(sql=1, group=2, increments=3, snapshots=4)


class CountingMember:
    """A node that is ready, with one counter after the other and one row."""

    def __init__(self, counters: list[int], row: int = 1) -> None:
        self._counters, self._row = iter(counters), row

    def status(self) -> dict[str, str]:
        """The next number of writes; a node that is away says nothing."""
        number = next(self._counters)
        return {"wsrep_local_commits": str(number)} if number >= 0 else {}

    def ask(self, _statement: str) -> tuple[tuple[int, ...], ...]:
        """Its row."""
        return ((self._row,),)


def cluster_of(*members: CountingMember) -> Cluster:
    """A cluster of these nodes."""
    return Cluster(cast("list[Member]", list(members)))


def test_a_node_reads_no_configuration_of_its_machine(tmp_path: Path) -> None:
    """Its first option says so, and its files and ports are its own, on loopback."""
    told = options(tmp_path / "database-1", PORTS, [2, 12, 22], sync_wait=1)
    assert told[0] == "--no-defaults"
    assert f"--datadir={tmp_path / 'database-1' / 'data'}" in told
    assert {"--port=1", "--bind-address=127.0.0.1", "--wsrep-sync-wait=1"} <= set(told)
    assert "--wsrep-cluster-address=gcomm://127.0.0.1:2,127.0.0.1:12,127.0.0.1:22" in told


@pytest.mark.parametrize(("user", "told"), [(0, ["--user=mysql"]), (1000, [])], ids=["root", "anybody else"])
def test_a_node_never_runs_as_root(monkeypatch: pytest.MonkeyPatch, user: int, told: list[str]) -> None:
    """Each row is who starts it, and the option with which it runs as somebody else."""
    monkeypatch.setattr("os.geteuid", lambda: user)
    assert member.account() == told


def test_what_is_missing_is_told_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is installed or started; the exit status says that nothing was shown."""
    monkeypatch.setattr(member, "PROGRAMS", ("no-such-program",))
    monkeypatch.setattr(member, "PROVIDER", Path("/no/such/library.so"))
    assert lacking() == ["no-such-program", "/no/such/library.so"]
    monkeypatch.setattr("sys.argv", ["galera"])
    assert command.main() == 2
    assert "no-such-program, /no/such/library.so.\nGet it with: apt-get install" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("share", "name"),
    [
        pytest.param(0, "all three", id="at first all are there"),
        pytest.param(0.2, "third node killed", id="a node is killed"),
        pytest.param(0.35, "third node rejoins", id="a phase begins at its share"),
        pytest.param(0.74, "first node cut off", id="and lasts until the next"),
        pytest.param(1, "first node heals", id="at the end all come back"),
    ],
)
def test_what_happens_when(share: float, name: str) -> None:
    """Each row is how much of a run is over, and what has been done last."""
    assert phase_at(share).name == name


def test_a_node_that_goes_comes_back() -> None:
    """The first and the third node are hit, each by one phase, and healed by the one after it."""
    done: list[tuple[int, str]] = []

    class Noted:
        """A node that notes what is done to it."""

        def __init__(self, number: int) -> None:
            self._number = number

        def __getattr__(self, name: str) -> Any:
            return lambda: done.append((self._number, name))

    for phase in PHASES:
        phase.act(Cluster(cast("list[Member]", [Noted(number) for number in range(NODES)])))
    assert done == [(2, "kill"), (2, "start"), (0, "cut_off"), (0, "heal")]


def test_a_counter_that_begins_anew_goes_on() -> None:
    """What a killed node had counted is added to what it counts after its start."""
    cluster = cluster_of(*map(CountingMember, ([5, 7, 9], [1, 1, 1], [4, -1, 3])))
    for _ in range(3):
        cluster.count()
    assert dict(cluster.rows())["writes, by node"] == "9, 1, 7"


def test_a_node_with_other_rows_breaks_a_promise() -> None:
    """However well the browsers fared."""
    members = [CountingMember([], row) for row in (1, 2, 1)]
    outcome = Outcome(different=cluster_of(*members).differences("users"))
    assert outcome.broken == ["1 database nodes have other rows"]
    assert Outcome(different=cluster_of(*[members[0]] * NODES).differences("users")).broken == []


def test_a_wrong_answer_of_a_node_that_is_behind_breaks_a_promise() -> None:
    """It is named, and the table has a row for each question."""
    outcome = Outcome(answers={"a refresh": True, "a sign-out": False})
    assert outcome.broken == ["wrong on a node that is behind: a sign-out"]
    assert outcome.rows()[:2] == [
        ("on a node that is behind: a refresh", "right"),
        ("on a node that is behind: a sign-out", "WRONG"),
    ]


def test_nodes_that_do_not_find_together_say_nothing_about_the_site(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit status is that of a run that cannot tell, and the logs are shown."""

    def fail(*_: object) -> None:
        raise NotWholeError("the log of a node")

    monkeypatch.setattr(command, "lacking", list)
    monkeypatch.setattr(command, "run", fail)
    monkeypatch.setattr("sys.argv", ["galera"])
    assert command.main() == 2
    told = capsys.readouterr().out
    assert "the log of a node" in told
    assert command.NO_CLUSTER in told


def test_the_table_says_how_long_a_node_was_missing() -> None:
    """As a part of the looks at the cluster; keys do not rotate in this run, so no row says so."""
    rows = dict(Outcome(looks=[True, True, True, False]).rows())
    assert rows["part of the run with two nodes of three"] == "25%"
    assert "key rotations" not in rows
