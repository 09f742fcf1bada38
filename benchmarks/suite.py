"""Many runs on all cores, put together by scenario and strategy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
import json
from math import isfinite, isnan, nan
from multiprocessing import Pool
from pathlib import Path
from typing import Final

from benchmarks.home import BASE, HOMES, Home, Stage
from benchmarks.oracles import pay_least
from benchmarks.scenarios import Case, case, own_case
from benchmarks.scores import Scores, compare, mean_and_error, score
from benchmarks.strategies import COST, IDLE, STRATEGIES, TRACKING, play
from simulation.manners import MANNERS

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
    house: str = "polite"
    """How its batteries behave: a name of MANNERS."""

    @property
    def key(self) -> str:
        """Return the scenario's name in the results."""
        return self.scenario if self.home == BASE else f"{self.scenario}+{self.home}"

    def prepared(self) -> tuple[Case, Home]:
        """Return what is played and where."""
        whole = own_case(*self.files) if self.files else case(self.scenario, self.seed)
        home = replace(HOMES[self.home], manners=MANNERS[self.house])
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
        return mean_and_error(self.values(scenario, strategy, name))[0]

    def is_lowest(self, scenario: str, strategy: str, name: str, among: Sequence[str]) -> bool:
        """Return whether a score is the lowest, or within two standard errors of it, seed by seed."""
        own, rivals = self.values(scenario, strategy, name), (self.values(scenario, other, name) for other in among)
        pairs = (mean_and_error({seed: own[seed] - theirs[seed] for seed in own}) for theirs in rivals)
        return all(mean <= 2 * error + 1e-9 for mean, error in pairs)

    def as_json(self) -> str:
        """Return every score as {scenario: {strategy: {score: {"mean": ..., "se": ...}}}}."""
        return json.dumps({s: {each: self._scores(s, each) for each in self.seeds[s]} for s in self.seeds}, indent=1)

    def _scores(self, scenario: str, strategy: str) -> dict[str, dict[str, float]]:
        """Return every score of a strategy that is a number."""
        names = next(iter(self.seeds[scenario][strategy].values()))
        found = {name: mean_and_error(self.values(scenario, strategy, name)) for name in names}
        return {name: {"mean": mean, "se": error} for name, (mean, error) in found.items() if not isnan(mean)}


def run_all(jobs: Sequence[Job], processes: int) -> Results:
    """Return the results of all jobs; the longest begin first, so that no core waits long for the other."""
    ordered = sorted(jobs, key=lambda job: job.scenario not in {"january", "july"})
    if processes == 1:
        return Results(jobs, map(run, ordered))
    with Pool(processes) as pool:
        return Results(jobs, pool.imap_unordered(run, ordered))
