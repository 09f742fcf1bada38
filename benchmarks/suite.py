"""Many runs on all cores, put together by scenario and strategy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
import json
from math import isfinite, nan
from multiprocessing import Pool
from pathlib import Path
from statistics import fmean
from typing import Final

from benchmarks.cost_oracle import pay_least
from benchmarks.home import BASE, HOMES, Home, Stage
from benchmarks.scenarios import Case, case, own_case
from benchmarks.scores import Scores, compare, mean_and_error, score
from benchmarks.strategies import COST, IDLE, STRATEGIES, TRACKING, play

REFERENCES: Final = (IDLE, TRACKING, COST)
"""Always run: the others are measured by them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run."""

    scenario: str
    home: str = BASE
    strategy: str
    seed: int
    hours: float | None = None
    batteries: int | None = None
    files: tuple[Path, Path | None] | None = None
    """Of a trace that somebody brings along: load and sun."""

    @property
    def key(self) -> str:
        """Return the scenario's name in the results."""
        return self.scenario if self.home == BASE else f"{self.scenario}+{self.home}"

    def prepared(self) -> tuple[Case, Home]:
        """Return what is played and where."""
        whole = own_case(*self.files) if self.files else case(self.scenario, self.seed)
        home = HOMES[self.home]
        return whole.cut(self.hours), home if self.batteries is None else replace(home, batteries=self.batteries)


def run(job: Job) -> tuple[Job, Scores]:
    """Play and score one job."""
    played, home = job.prepared()
    if job.strategy == COST:
        return job, pay_least(Stage(played, home, job.seed))
    return job, score(play(job.strategy, played, home, job.seed), played.event_s)


class Results:
    """Scores by scenario, strategy, name and seed."""

    def __init__(self, jobs: Iterable[Job], scored: Iterable[tuple[Job, Scores]]) -> None:
        """Put runs together, in the order of the jobs, each compared with the references of its scenario and seed."""
        self.seeds: dict[str, dict[str, dict[int, Scores]]] = {job.key: {} for job in jobs}
        for job, scores in scored:
            self.seeds[job.key].setdefault(job.strategy, {})[job.seed] = scores
        for by_strategy in self.seeds.values():
            for strategy in by_strategy.keys() - {COST}:
                for seed, scores in by_strategy[strategy].items():
                    references = (by_strategy[name][seed] for name in (TRACKING, COST, IDLE))
                    scores.update(compare(scores, *references))

    def strategies(self, scenario: str) -> list[str]:
        """Return the strategies of a scenario, in the order of the line-up, the references last."""
        return sorted(self.seeds[scenario], key=[*STRATEGIES, COST].index)

    def values(self, scenario: str, strategy: str, name: str) -> dict[int, float]:
        """Return a score by seed; seeds without are left out."""
        by_seed = self.seeds.get(scenario, {}).get(strategy, {})
        return {seed: scores[name] for seed, scores in by_seed.items() if isfinite(scores.get(name, nan))}

    def mean(self, scenario: str, strategy: str, name: str) -> float:
        """Return the mean of a score; nan for none."""
        return fmean(values.values()) if (values := self.values(scenario, strategy, name)) else nan

    def is_lowest(self, scenario: str, strategy: str, name: str, among: Sequence[str]) -> bool:
        """Return whether a score is the lowest, or within two standard errors of it, seed by seed."""
        own = self.values(scenario, strategy, name)
        for other in among:
            theirs = self.values(scenario, other, name)
            mean, error = mean_and_error({seed: own[seed] - theirs[seed] for seed in own.keys() & theirs.keys()})
            if mean > 2 * error + 1e-9:
                return False
        return True

    def as_json(self) -> str:
        """Return every score as {scenario: {strategy: {score: {"mean": ..., "se": ...}}}}."""
        out: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
        for scenario, by_strategy in self.seeds.items():
            for strategy, by_seed in by_strategy.items():
                for name in next(iter(by_seed.values())):
                    if values := self.values(scenario, strategy, name):
                        numbers = dict(zip(("mean", "se"), mean_and_error(values), strict=True))
                        out.setdefault(scenario, {}).setdefault(strategy, {})[name] = numbers
        return json.dumps(out, indent=1)


def run_all(jobs: Sequence[Job], processes: int) -> Results:
    """Return the results of all jobs; the longest begin first, so that no core waits long for the other."""
    ordered = sorted(jobs, key=lambda job: job.scenario not in {"january", "july"})
    if processes == 1:
        return Results(jobs, map(run, ordered))
    with Pool(processes) as pool:
        return Results(jobs, pool.imap_unordered(run, ordered))
