import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { systemContext } from '../../src/access/caller.js';
import { USER_ROLES } from '../../src/access/role.js';
import { Clock } from '../../src/config/clock.js';
import { Keyring } from '../../src/database/keyring.js';
import { type Transaction, Transactions } from '../../src/database/transaction.js';
import { event, type NewUserEvent } from '../../src/events/catalogue.js';
import { EventHistory } from '../../src/events/event-history.js';
import { chainHash, EventLog, type EventRow, toEvent } from '../../src/events/event-log.js';
import { UserEventHandlers } from '../../src/events/handlers.js';
import { PersonalData } from '../../src/events/personal-data.js';
import { PersonalDataRegistry } from '../../src/events/personal-data-registry.js';
import type { EventShapes } from '../../src/events/upcast.js';
import * as decide from '../../src/users/aggregate/decide.js';
import { PastStates } from '../../src/users/history/past-states.js';
import { Snapshots } from '../../src/users/store/snapshots.js';
import { evolve, type UserState } from '../../src/users/aggregate/user.js';
import {
  AlreadyVerified,
  NothingToUpdate,
  UsernameUnchanged,
  UserNotFound,
} from '../../src/users/aggregate/user-errors.js';
import { stateOf } from '../../src/users/store/user.entity.js';
import { UserStore } from '../../src/users/store/user-store.js';
import { WaysIn } from '../../src/users/store/ways-in.js';
import { type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
beforeAll(async () => (roster = await startRoster()));
afterAll(() => roster.stop());
afterEach(() => void jest.restoreAllMocks());

const get = <T>(token: abstract new (...args: never[]) => T): T => roster.app.get(token as never, { strict: false });
const run = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> => get(Transactions).run(work);
const context = systemContext('past-states-test');
let count = 0;
const newUser = (users = get(UserStore)) =>
  run((tx) => users.create(tx, { email: `past${++count}@example.com`, role: 'AUTHENTICATED', how: 'admin' }, context));
const change = (id: string, events: (state: UserState) => NewUserEvent[], users = get(UserStore)) =>
  run((tx) => users.change(tx, id, events, context));
const asOf = (id: string, version: number) => run((tx) => get(PastStates).asOf(tx, id, version));
const bio = (text: string) => event('user.updated', { bio: text });

/** How many rows of the log are read on the way to a state. */
async function readingAt(id: string, version: number): Promise<{ state: UserState; rows: number }> {
  let rows = 0;
  const state = await run((tx) => {
    const query = tx.query.bind(tx);
    const counted = async (sql: string, values?: unknown[]): Promise<unknown> => {
      const found: unknown = await query(sql, values);
      if (sql.includes('user_events') && Array.isArray(found)) rows += found.length;
      return found;
    };
    return get(PastStates).asOf(Object.assign(tx, { query: counted }), id, version);
  });
  return { state, rows };
}

describe('for any sequence of commands', () => {
  const text = fc.option(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).map((value) => value.replaceAll('\0', '')),
  );
  const command = fc.oneof(
    fc.record({ firstName: text, bio: text }).map((given) => (state: UserState) => decide.updateProfile(state, given)),
    fc.constantFrom(...USER_ROLES).map((role) => (state: UserState) => decide.changeRole(state, role, 1)),
    fc.boolean().map((to) => (state: UserState) => decide.changeProfessionalStatus(state, to)),
    fc.stringMatching(/^[a-z]{8}$/).map((name) => (state: UserState) => decide.changeUsername(state, name)),
    fc.constantFrom(
      (state: UserState) => decide.suspend(state, 'Spam.', 1),
      decide.reinstate,
      (state: UserState) => decide.remove(state, 1),
      decide.restore,
      decide.verifyEmail,
    ),
  );
  // Clocks of several servers: often the same, sometimes behind.
  const tick = fc.integer({ min: -3, max: 5 });

  it('as of every version, and of every time, is the row that stood then', async () => {
    class OftenKept extends Snapshots {
      override readonly every = 7;
    }
    const snapshots = new OftenKept(get(PersonalData), { warn: () => undefined } as never);
    const users = new UserStore(
      get(EventLog),
      get(UserEventHandlers),
      get(PersonalDataRegistry),
      snapshots,
      get(Transactions),
      get(WaysIn),
    );
    const past = new PastStates(get(EventLog), snapshots);
    let now = Date.UTC(2030, 0, 1);
    jest.spyOn(get(Clock), 'now').mockImplementation(() => new Date(now));

    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(command, tick), { minLength: 5, maxLength: 30 }), async (commands) => {
        const { id } = await newUser(users);
        const rows: UserState[] = [];
        for (const [next, ms] of [[() => [], 0] as const, ...commands]) {
          now += ms;
          const refused = await change(id, next, users).catch((error: unknown) => error as Error);
          if (refused instanceof Error)
            expect([UserNotFound, UsernameUnchanged, AlreadyVerified, NothingToUpdate]).toContain(refused.constructor);
          rows.push(stateOf((await run((tx) => users.find(tx, id)))!));
        }
        await run(async (tx) => {
          for (const row of rows) {
            expect(await past.asOf(tx, id, row.version)).toEqual(row);
            const standing = rows.filter(({ updatedAt }) => updatedAt <= row.updatedAt).at(-1)!;
            expect(await get(EventHistory).versionAt(tx, id, row.updatedAt)).toBe(standing.version);
          }
          const before = new Date(rows[0]!.updatedAt.getTime() - 1);
          expect(await get(EventHistory).versionAt(tx, id, before)).toBe(0);
        });
      }),
      { numRuns: 8 },
    );
  });
});

describe('the time of an event', () => {
  it('is never before that of the event before it, whatever the clock says', async () => {
    const { id, createdAt } = await newUser();
    const clock = jest.spyOn(get(Clock), 'now');
    clock.mockReturnValue(new Date(createdAt.getTime() - 60_000));
    expect((await change(id, () => [bio('behind')])).updatedAt).toEqual(createdAt);
    const later = new Date(createdAt.getTime() + 1000);
    clock.mockReturnValue(later);
    expect((await change(id, () => [bio('on time')])).updatedAt).toEqual(later);
  });
});

describe('a long stream', () => {
  // 100,000 by hand: LONG_STREAM=100000.
  const EVENTS = Number(process.env['LONG_STREAM'] ?? 1000);
  const BATCH = 1000;
  let id: string;
  const everyRead = async () => {
    const reads: { version: number; rows: number; bio: string | null; ms: number }[] = [];
    for (const version of [EVENTS, EVENTS / 2 + 199, EVENTS / 2, 250, 199, 2]) {
      const start = performance.now();
      const { state, rows } = await readingAt(id, version);
      reads.push({ version, rows, bio: state.bio, ms: performance.now() - start });
    }
    return reads;
  };

  beforeAll(
    async () => {
      id = (await newUser()).id;
      for (let version = 1; version < EVENTS; version += BATCH) {
        const size = Math.min(BATCH, EVENTS - version);
        await change(id, () => Array.from({ length: size }, (_, index) => bio(`v${version + index + 1}`)));
      }
    },
    Math.max(20_000, EVENTS * 5),
  );

  it(`is read at any version from the snapshot before it on: ${EVENTS} events, at most 199 rows`, async () => {
    const reads = await everyRead();
    for (const read of reads) {
      expect({ ...read, ms: 0 }).toEqual({ ...read, bio: `v${read.version}`, ms: 0 });
      expect(read.rows).toBe(read.version % 200);
    }
    if (EVENTS > 1000) process.stdout.write(`${JSON.stringify(reads)}\n`);
    const start = performance.now();
    const found = await run((tx) => get(EventHistory).versionAt(tx, id, new Date()));
    if (EVENTS > 1000) process.stdout.write(`version of now by halving: ${performance.now() - start} ms\n`);
    expect(found).toBe(EVENTS);
  });

  it('does not trust a snapshot: changed, moved or of another shape, it is passed over and written anew', async () => {
    const flipped = `set_byte(sealed, 20, get_byte(sealed, 20) # 1)`;
    const spoil = {
      changed: `UPDATE user_snapshots SET sealed = ${flipped} WHERE user_version = 400 AND user_id = $1`,
      moved: `UPDATE user_snapshots SET sealed = (SELECT sealed FROM user_snapshots WHERE user_version = 600 AND user_id = $1)
              WHERE user_version = 400 AND user_id = $1`,
      older: 'UPDATE user_snapshots SET shape = 0 WHERE user_version <= 400 AND user_id = $1',
      missing: 'DELETE FROM user_snapshots WHERE user_version <= 400 AND user_id = $1',
    };
    for (const [how, sql] of Object.entries(spoil)) {
      await roster.database.query(sql, [id]);
      const spoilt = await readingAt(id, 450);
      expect({ how, bio: spoilt.state.bio, rows: spoilt.rows }).toEqual({ how, bio: 'v450', rows: 450 });
      expect(await readingAt(id, 450)).toEqual({ ...spoilt, rows: 50 });
    }
    const warnings = roster.logLines().filter(({ msg }) => String(msg).startsWith('snapshot cannot be unsealed'));
    expect(warnings).toHaveLength(2);
  });

  it('keeps nothing of a person that can be read, and nothing at all once their key is gone', async () => {
    const canary = 'snapshot-canary';
    const user = await newUser();
    await change(user.id, () => Array.from({ length: 200 }, () => bio(canary)));
    const rows = () =>
      roster.database.query<{ row: string }>('SELECT t::text AS row FROM user_snapshots AS t WHERE user_id = $1', [
        user.id,
      ]);
    expect(await rows()).toHaveLength(1);
    expect((await rows())[0]!.row).not.toContain(Buffer.from(canary).toString('hex'));

    await run((tx) => get(PersonalData).destroy(tx, user.id));
    expect(await rows()).toEqual([]);
    expect(await asOf(user.id, 201)).toMatchObject({ email: null, bio: null, version: 201 });
    expect(await rows()).toEqual([]);
  });
});

describe('a stored event', () => {
  const LATER: EventShapes = {
    'user.suspended': {
      version: 3,
      upcast: {
        1: ({ reason, ...rest }) => ({ ...rest, why: reason }),
        2: (data) => ({ ...data, until: null }),
      },
    },
  };
  const suspended = async (id: string) => {
    const [row] = await roster.database.query<EventRow>(
      "SELECT * FROM user_events WHERE user_id = $1 AND type = 'user.suspended'",
      [id],
    );
    const open = await run((tx) => get(PersonalData).opener(tx, id));
    return { row: row!, event: toEvent(row!, open, LATER) };
  };

  it('is read by a later release in the shape that it has by then, erased or not, its bytes and its chain untouched', async () => {
    const { id } = await newUser();
    await change(id, (state) => decide.suspend(state, 'Spam.', 1));
    expect((await suspended(id)).event).toMatchObject({ version: 3, data: { why: 'Spam.', until: null } });
    await run((tx) => get(PersonalData).destroy(tx, id));
    const { row, event: erased } = await suspended(id);
    expect(erased.data).toEqual({ why: null, until: null });
    const { hash, ...hashed } = row;
    expect(chainHash(hashed, get(Keyring).find('event-chain', row.key_id)!.secret)).toEqual(hash);
    expect(row.schema_version).toBe(1);
  });

  it('tells after the erasure of its person which fields it changed, and no value', async () => {
    const { id } = await newUser();
    await change(id, () => [event('user.updated', { bio: 'secret', phone: null })]);
    await run((tx) => get(PersonalData).destroy(tx, id));
    const events = await run((tx) => get(EventLog).read(tx, id));
    expect(events.at(-1)?.data).toEqual({ bio: null, phone: null });
    expect(events.reduce<UserState | undefined>(evolve, undefined)).toMatchObject({ email: null, bio: null });
  });
});
