import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { QUICK } from '../support/counts.mjs';
import { median, round } from '../support/figures.mjs';
import { familyProcessorSeconds } from '../support/processor.mjs';
import { memoryOf, processorMeter } from '../support/tree.mjs';

const AT_ONCE = 16;
const SECONDS = QUICK ? 1 : 3;
const PEOPLE = QUICK ? 30 : 200;
const PAGE = 10;
const PAGES = QUICK ? 10 : 100;
const PASSWORD = 'seven idle boats on slate water';
let people = 0;

export const GIVEN = { atOnce: AT_ONCE, seconds: SECONDS, people: PEOPLE, page: PAGE, pages: PAGES };

/**
 * One system at one base URL.
 * @param pids its processes, whose processor time and memory count with their offspring; without them, only rates are measured
 * @param postmaster of its PostgreSQL, likewise
 */
export class System {
  constructor({ name, adapter, pids, postmaster }) {
    Object.assign(this, { name, adapter });
    this.service = pids && processorMeter(pids);
    this.postgres = postmaster && (() => familyProcessorSeconds(postmaster));
    this.pids = pids;
  }

  /** Before anybody asks anything. */
  async idle(seconds) {
    if (!this.pids) return {};
    const before = this.service();
    await sleep(seconds * 1000);
    const idleProcessorPercent = round(((this.service() - before) / seconds) * 100, 2);
    return { idleProcessorPercent, memoryIdleMiB: round(memoryOf(this.pids()), 0) };
  }

  memory() {
    return this.pids ? { memoryAfterMiB: round(memoryOf(this.pids()), 0) } : {};
  }

  async prepare() {
    const known = Array.from({ length: PEOPLE }, newPerson);
    await each(known, (person) => this.adapter.create(person));
    this.people = known;
    this.sessions = await Promise.all(known.slice(0, AT_ONCE).map((person) => this.adapter.signIn(person)));
    this.openid = await this.adapter.openid?.(known[0]).catch((error) => {
      console.error(`${this.name} has no code flow to measure:`, error);
    });
    if (!this.adapter.list) return;
    const all = Array.from({ length: Math.max(0, PAGE * (PAGES + 1) - PEOPLE) }, newPerson);
    await each(all, (person) => this.adapter.create(person));
    this.deep = await this.walk();
  }

  /** From the first page to the last that is asked for. @returns where that one begins */
  async walk() {
    let at;
    for (let page = 1; page < PAGES; page++) at = await this.adapter.list(at, PAGE);
    return at;
  }

  /** One round of everything. */
  async round(seconds = SECONDS) {
    const { adapter, sessions } = this;
    const seen = {};
    const lone = async (name, act) => {
      const { perCpuSecond, perSecond } = await this.untilOver(seconds, act);
      seen[`${name}PerCpuSecond`] = perCpuSecond;
      seen[`${name}PerSecond`] = perSecond;
    };
    await lone('me', (at) => adapter.me(sessions[at]));
    if (adapter.refresh) {
      await lone('refreshes', async (at) => {
        sessions[at] = await adapter.refresh(sessions[at]);
      });
    }
    const signIns = await this.forEach(this.people, (person) => adapter.signIn(person));
    seen.signInsPerCpuSecond = signIns.perCpuSecond;
    seen.postgresSecondsPer1000SignIns = signIns.postgresPer1000;
    const registered = await this.forEach(Array.from({ length: PEOPLE }, newPerson), (one) => adapter.register(one));
    seen.registrationsPerCpuSecond = registered.perCpuSecond;
    seen.postgresSecondsPer1000Registrations = registered.postgresPer1000;
    if (adapter.list) Object.assign(seen, await this.lists());
    return { ...finite(seen), ...(this.openid && (await this.openidRound(seconds))) };
  }

  async lists() {
    const first = [];
    const deep = [];
    for (let page = 0; page < 30; page++) {
      first.push(await timed(() => this.adapter.list(undefined, PAGE)));
      deep.push(await timed(() => this.adapter.list(this.deep, PAGE)));
    }
    return { listFirstMs: median(first), listDeepOverFirst: median(deep) / median(first) };
  }

  /** Sign-ins to an application by code flow, and what a service asks about its token. */
  async openidRound(seconds) {
    const codeFlows = await this.untilOver(seconds, () => this.openid.codeFlow());
    const introspections = await this.untilOver(seconds, () => this.openid.introspect());
    return finite({
      codeFlowsPerCpuSecond: codeFlows.perCpuSecond,
      codeFlowsPerSecond: codeFlows.perSecond,
      introspectionsPerCpuSecond: introspections.perCpuSecond,
      introspectionsPerSecond: introspections.perSecond,
    });
  }

  /** Several at once, each again as soon as it was answered. One in a hundred may fail, and is not counted. */
  async untilOver(seconds, act) {
    const to = performance.now() + seconds * 1000;
    let done = 0;
    let failed = 0;
    const one = async (at) => {
      try {
        await act(at);
        done++;
      } catch (error) {
        failed++;
        console.error(`${this.name}: ${error.message}`);
        if (failed > 1 + done / 100) throw error;
      }
    };
    return this.counted(async () => {
      await Promise.all(
        Array.from({ length: AT_ONCE }, async (_, at) => {
          while (performance.now() < to) await one(at);
        }),
      );
      return done;
    });
  }

  forEach(list, act) {
    return this.counted(async () => {
      await each(list, act);
      return list.length;
    });
  }

  async counted(work) {
    const [service, postgres, begin] = [this.service?.(), this.postgres?.(), performance.now()];
    const done = await work();
    const seconds = (performance.now() - begin) / 1000;
    return {
      perSecond: done / seconds,
      perCpuSecond: this.service && done / (this.service() - service),
      postgresPer1000: this.postgres && ((this.postgres() - postgres) / done) * 1000,
    };
  }
}

/** What could be measured, rounded. */
const finite = (seen) =>
  Object.fromEntries(
    Object.entries(seen)
      .filter(([, value]) => Number.isFinite(value))
      .map(([name, value]) => [name, round(value)]),
  );

const newPerson = () => ({ email: `person-${process.pid}-${people++}@example.com`, password: PASSWORD });

async function each(list, act) {
  let next = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (next < list.length) await act(list[next++]);
    }),
  );
}

async function timed(act) {
  const begin = performance.now();
  await act();
  return performance.now() - begin;
}
