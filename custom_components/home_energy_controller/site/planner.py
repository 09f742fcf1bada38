"""The plan at run time: made each quarter of an hour in the executor, judged each night, asked by each cycle."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..const import CONF_PRICES
from ..control.model import Snapshot, Strategy
from ..control.settings import Prices, Settings
from ..planning.backtest import back_test, day_slots
from ..planning.forecasts import Outlook, Records, learn_habits
from ..planning.judgement import DayResult, Judgement, judge
from ..planning.modes import NET_ZERO, STRATEGIES, Choice, Storage
from ..planning.plan import Plan, PlannedSlot, make_plan
from ..planning.slots import PER_DAY, slot_of
from ..planning.tariff import SlotPrice
from .contract import PricesConfig
from .plan_book import Held, PlanBook, is_whole
from .plan_file import PlanFile, PlanPast
from .plan_inputs import BACK_DAYS, PlanInputs
from .prices import day_kinds_of
from .slot_meter import MeasuredSlot, SlotMeter
from .storage import energy_above_reserve_wh, heard, soc_pct, storage_of
from .words import Words

STALE_S: Final = 1800.0
"""An older plan is none."""
HORIZON: Final = 2 * PER_DAY


class PlanStatus(StrEnum):
    """Whether the plan acts, or would; else why it is net zero."""

    ACTS = "acts"
    NO_CONTRACT = "no_contract"
    """What energy costs was never told."""
    STARTING = "starting"
    NO_PRICES = "no_prices"
    NO_HISTORY = "no_history"
    """What the house needs is not known yet."""
    NO_BATTERY = "no_battery"
    STALE = "stale"
    """The last plan is older than half an hour."""
    JUDGING = "judging"
    """Too few days to tell whether it pays."""
    NOT_PAYING = "not_paying"
    """In the last four weeks net zero was as good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """What is shown of the plan."""

    status: PlanStatus
    planned: PlannedSlot | None = None
    """Of the slot that is now."""
    next_change: PlannedSlot | None = None
    saving_today: float | None = None
    """Expected of today against net zero: what the shadow is ahead, and what the plan still wins."""
    yesterday: DayResult | None = None
    month: tuple[DayResult, ...] = ()
    """The days of this month so far, without today."""
    judgement: Judgement | None = None
    made_at: datetime | None = None

    @property
    def acts(self) -> bool:
        """Return whether the plan would be followed."""
        return self.status is PlanStatus.ACTS


class Planner:
    """Makes the plan and judges it; control asks what to do now."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        spawn: Callable[[Coroutine[Any, Any, None], str], object],
        clock: Callable[[], float],
    ) -> None:
        """Gather the parts; nothing is read yet."""
        self._hass, self._entry, self._spawn, self._clock = hass, entry, spawn, clock
        self._file = PlanFile(hass, entry.entry_id)
        self.book = PlanBook(PlanPast())
        self._inputs = PlanInputs(hass, entry.entry_id, self.past)
        self.words: Words | None = None
        self._meter = SlotMeter()
        self.plan: Plan | None = None
        self._planned_at: float | None = None
        self._made_at: datetime | None = None
        self._refreshed: int | None = None
        self._planned_for: PricesConfig | None = None
        self._is_refreshing = False
        self._settings: Settings | None = None
        self._storage: Storage | None = None
        self._energy_wh: float | None = None
        self._able: Storage | None = None
        self._able_wh: float | None = None
        """The same of those batteries whose charge is known now: the plan is made for them."""
        self._value = 0.0
        """Of a kWh in the cells, by the newest plan."""
        self._acting: tuple[int, Plan, Choice] | None = None
        """What is done in a slot, by which plan: settled once, so that it does not change within the slot."""
        self._has_looked_back = False
        self._reason = PlanStatus.NO_PRICES
        """Why there is no plan."""
        self._status = PlanStatus.STARTING
        self._view = PlanView(status=PlanStatus.STARTING)

    @property
    def past(self) -> PlanPast:
        """Return what is known of the past."""
        return self.book.past

    @property
    def config(self) -> PricesConfig | None:
        """Return what the owner told of prices; None while nothing was."""
        options = self._entry.options
        return PricesConfig.from_options(options) if CONF_PRICES in options else None

    async def async_load(self) -> None:
        """Read what is stored."""
        self.book = PlanBook(await self._file.async_load())
        self.words = await Words.async_load(self._hass)
        self._inputs = PlanInputs(self._hass, self._entry.entry_id, self.past)

    async def async_save(self) -> None:
        """Write what has to outlive a restart."""
        await self._file.async_save(self.past)

    def observe(self, snapshot: Snapshot, settings: Settings) -> None:
        """Take what a cycle saw; begin a new plan when a slot begins."""
        now, moment, config = self._clock(), snapshot.local_time, self.config
        done = self._meter.add(moment, now, *_measured_w(snapshot, settings, now))
        if config != self._planned_for:
            # What was read may come from another source now, and the plan is of other prices: until there is one of
            # these it goes on, so that nothing changes back and forth.
            self._planned_for, self._refreshed = config, None
            self._inputs = PlanInputs(self._hass, self._entry.entry_id, self.past)
        if config is None:
            self.plan, self._status = None, PlanStatus.NO_CONTRACT
            self._view = PlanView(status=self._status)
            return
        self._settings, self._storage = settings, storage_of(settings, config)
        self._energy_wh = energy_above_reserve_wh(settings, snapshot)
        able = heard(settings, snapshot, now)
        self._able, self._able_wh = storage_of(able, config), energy_above_reserve_wh(able, snapshot)
        if done is not None:
            self._settle(done, config)
        slot = slot_of(moment)
        if slot != self._refreshed and not self._is_refreshing and self._storage is not None:
            self._is_refreshing, self._refreshed = True, slot
            self._spawn(self._async_refresh(config, moment), "new plan")
        self._status = self._judge_status(config, slot, now)
        self._note(slot, settings)
        self._view = self._look(moment)

    def soc_pct(self, energy_wh: float) -> float | None:
        """Return the charge of all batteries (%), from what they hold above their reserve."""
        return None if self._settings is None else soc_pct(self._settings, energy_wh)

    def _note(self, slot: int, settings: Settings) -> None:
        """Note what is done in a slot, and the charge at its begin."""
        if self._energy_wh is not None:
            self.past.soc_pct.setdefault(slot, self.soc_pct(self._energy_wh) or 0.0)
        if settings.enabled and self._acting is not None and self._acting[0] == slot:
            self.past.done[slot] = self._acting[2].mode.value

    def followed(self, settings: Settings, moment: datetime) -> Settings:
        """Return settings with what `predictive` means now: net zero unless the plan acts."""
        config, slot = self.config, slot_of(moment)
        if config is None:
            return settings
        price = self._prices(config, range(slot, slot + 1)).get(slot)
        if price is not None:
            # Were selling worth more than buying, the law would do well to do both at once.
            prices = Prices(buy_per_kwh=price.buy, sell_per_kwh=min(price.buy, price.sell))
            settings = replace(settings, prices=prices)
        is_followed = settings.strategy is Strategy.PREDICTIVE and self._status is PlanStatus.ACTS
        if not is_followed or self.plan is None or self._is_stale(self._clock()):
            self._acting = None
            return settings
        choice = self._choice(self.plan, slot)
        return replace(
            settings,
            strategy=STRATEGIES[choice.mode],
            setpoint_w=choice.power_w,
            may_charge_from_grid=config.may_charge_from_grid,
            may_deliver_to_grid=config.may_deliver_to_grid,
        )

    @property
    def prices_failed_since(self) -> datetime | None:
        """Return since when the source of prices has told none that can be used; None while it does."""
        return self._inputs.prices_failed_since

    @property
    def view(self) -> PlanView:
        """Return what is shown of the plan."""
        return self._view

    def records(self, config: PricesConfig, slot: int, back: int = PER_DAY) -> Records:
        """Return all that is known, by slot; prices from `back` slots before one on."""
        past = self.past
        return Records(
            prices=self._prices(config, range(slot - back, slot + HORIZON)) | past.prices,
            load_w=dict(past.load_w),
            sun_w=dict(past.sun_w),
            sun_forecast_w=dict(past.sun_forecast_w),
            zone=dt_util.get_default_time_zone(),
        )

    async def async_back_test(self, days: int) -> list[DayResult]:
        """Return what past days would have cost, and what they did where that was measured; the newest last."""
        config, storage, now = self.config, self._storage, dt_util.now()
        if config is None or storage is None:
            return []
        slots = days * PER_DAY + PER_DAY
        first_day, follows = now.date() - timedelta(days=days), config.contract.follows_market
        played = await self._hass.async_add_executor_job(
            lambda: list(
                back_test(self.records(config, slot_of(now), slots), storage, first_day, days, follows_market=follows)
            )
        )
        actual = {day.day: day.actual for day in self.past.days}
        return [replace(day, actual=actual.get(day.day)) for day in played]

    async def _async_refresh(self, config: PricesConfig, moment: datetime) -> None:
        """Read what is due, make the plan of the slot that is now, and let the day that ended be judged."""
        try:
            await self._inputs.async_read(config, moment)
            slot, storage, energy_wh = slot_of(moment), self._able, self._able_wh
            self.past.prices.update(self._prices(config, range(slot, slot + 1)))
            if storage is not None and energy_wh is not None:
                records, before = self.records(config, slot), None if self._acting is None else self._acting[2]
                made = await self._hass.async_add_executor_job(_make, records, slot, storage, energy_wh, before)
                if isinstance(made, Plan):
                    self.plan, self._planned_at, self._made_at = made, self._clock(), dt_util.now()
                else:
                    self.plan, self._reason = None, made
            if slot % 4 == 0:
                self.past.prune(slot)
                await self.async_save()
        finally:
            self._is_refreshing = False
        # A part of its own: neither the plan nor the file waits for a day that cannot be judged.
        self._spawn(self._async_judge(config, moment), "judgement of the plan")

    async def _async_judge(self, config: PricesConfig, moment: datetime) -> None:
        """Judge days that ended; on the first day, those of the last two weeks that can be played again."""
        for ended in self.book.ended:
            self.book.keep(ended, await self._hass.async_add_executor_job(ended.result))
            await self.async_save()
        if self.past.days or not self.past.load_w or self._has_looked_back:
            return
        self._has_looked_back = True
        if config.contract.follows_market:
            await self._inputs.async_past_prices(config, moment)
        results = await self.async_back_test(BACK_DAYS)
        self.past.days = [day for day in results if is_whole(day)] + self.past.days

    def _settle(self, done: MeasuredSlot, config: PricesConfig) -> None:
        """Settle a slot that has passed."""
        plan, book, storage = self.plan, self.book, self._storage
        price = self.past.prices.get(done.slot) or self._prices(config, range(done.slot, done.slot + 1)).get(done.slot)
        planned = None if plan is None else plan.at(done.slot)
        self._value = self._value if planned is None else planned.value_per_kwh
        choice = None
        if plan is not None and storage is not None:
            account = self.past.shadow.plan
            choice = plan.choose(done.slot, min(account.energy_wh, storage.usable_wh), self.past.shadow.choice)
        book.settle(done, price, choice or NET_ZERO, Held(storage, self._energy_wh, self._value))

    def _prices(self, config: PricesConfig, slots: range) -> dict[int, SlotPrice]:
        """Return what energy costs and yields in slots, as far as that is known."""
        zone = dt_util.get_default_time_zone()
        return config.contract.prices(slots, self.past.spot, zone, day_kinds_of(self._hass, config, dt_util.now()))

    def _judge_status(self, config: PricesConfig, slot: int, now: float) -> PlanStatus:
        """Return whether the plan may act, else why not."""
        if self._able is None or self._able_wh is None:
            return PlanStatus.NO_BATTERY
        if self.plan is None or self._planned_at is None:
            return PlanStatus.STARTING if self._is_refreshing else self._reason
        if self._is_stale(now) or self.plan.at(slot) is None:
            return PlanStatus.STALE
        if config.insists:
            return PlanStatus.ACTS
        judgement = self.judgement
        if judgement.pays:
            return PlanStatus.ACTS
        return PlanStatus.NOT_PAYING if judgement.is_known else PlanStatus.JUDGING

    def _is_stale(self, now: float) -> bool:
        """Return whether the plan is too old; asked at both ends of a cycle, one of which may fail."""
        return self._planned_at is None or now - self._planned_at > STALE_S

    @property
    def judgement(self) -> Judgement:
        """Return whether the plan paid in the last days."""
        return judge([day.gain for day in self.past.days])

    def _choice(self, plan: Plan, slot: int) -> Choice:
        """Return what the plan does in a slot, with the energy that there was when it was asked first."""
        acting = self._acting
        if acting is None or acting[:2] != (slot, plan):
            before, energy_wh = None if acting is None else acting[2], self._able_wh or 0.0
            chosen = plan.slots[0].choice if slot == plan.first else plan.choose(slot, energy_wh, before)
            self._acting = acting = (slot, plan, chosen or NET_ZERO)
        return acting[2]

    def _look(self, moment: datetime) -> PlanView:
        """Return what is shown now."""
        slot, past, plan = slot_of(moment), self.past, self.plan
        yesterday = moment.date() - timedelta(days=1)
        results = {day.day: day for day in past.days}
        month = tuple(day for day in past.days if day.day.replace(day=1) == moment.date().replace(day=1))
        saving = None
        if plan is not None and plan.at(slot) is not None:
            value = self._value
            so_far = past.shadow.gain(value)
            saving = so_far + plan.saving(
                range(plan.first, day_slots(moment.date(), moment.tzinfo or dt_util.UTC).stop)
            )
        return PlanView(
            status=self._status,
            planned=None if plan is None else plan.at(slot),
            next_change=None if plan is None else plan.next_change(slot),
            saving_today=saving,
            yesterday=results.get(yesterday),
            month=month,
            judgement=self.judgement,
            made_at=self._made_at,
        )


def _make(records: Records, slot: int, storage: Storage, energy_wh: float, before: Choice | None) -> Plan | PlanStatus:
    """Return the plan from a slot on, or why there is none."""
    habits = learn_habits(records.load_w, slot, records.zone)
    if habits is None:
        return PlanStatus.NO_HISTORY
    outlook: Outlook | None = records.outlook(slot, habits)
    if outlook is None:
        return PlanStatus.NO_PRICES
    return make_plan(outlook, storage, energy_wh, before)


def _measured_w(snapshot: Snapshot, settings: Settings, now: float) -> tuple[float | None, float | None]:
    """Return the powers of grid and batteries (W), None for what is not measured now."""
    meter = snapshot.meter_w
    is_fresh = meter is not None and meter.fresh(now, settings.meter_age_limit_s) and not snapshot.meter_is_frozen
    powers = [(seen.power_w, settings.age_limit_s(seen.battery_id)) for seen in snapshot.batteries]
    known = [power.value for power, limit_s in powers if power is not None and power.fresh(now, limit_s)]
    return meter.value if meter is not None and is_fresh else None, sum(known) if len(known) == len(powers) else None
