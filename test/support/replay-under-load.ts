import { performance } from 'node:perf_hooks';
import { systemContext } from '../../src/access/caller.js';
import { Transactions } from '../../src/database/transaction.js';
import { changeProfessionalStatus } from '../../src/users/aggregate/decide.js';
import { type Verification, verify } from '../../src/operator/verify.js';
import { UserStore } from '../../src/users/store/user-store.js';
import { type CommandResult, runCommand } from './cli.js';
import type { Roster } from './roster.js';
import { withOperatorContext, SILENT } from './operator-context.js';

export interface ReplayUnderLoad {
  readonly replay: CommandResult;
  readonly verification: Verification;
  /** Requests that were answered while the replay ran, and those among them that failed. */
  readonly requests: number;
  readonly failures: readonly string[];
  readonly slowestMs: number;
}

const WRITERS = 4;
const context = systemContext('replay-under-load');

/**
 * Fills the log up to `events` events, changes some rows behind its back, and replays it while clients change users, sign in
 * and read through the server; then verifies.
 */
export async function replayUnderLoad(
  roster: Roster,
  events: number,
  environment: Record<string, string>,
): Promise<ReplayUnderLoad> {
  const settings = { DATABASE_URL: roster.database.url, ...environment };
  await runCommand(['seed', '--users', String(Math.ceil(events / 2))], {
    ...settings,
    SMTP_URL: roster.inbox.url,
    BCRYPT_COST: '4',
  });
  const people = await Promise.all(
    Array.from({ length: WRITERS }, (_, index) => roster.join(`load-${index}@example.com`)),
  );
  const transactions = roster.app.get(Transactions, { strict: false });
  const users = roster.app.get(UserStore, { strict: false });
  // Those who are changed by the load are among those whose rows are wrong.
  await roster.database.query("UPDATE users SET nickname = 'mallory' WHERE id = ANY ($1)", [
    people.map(({ id }) => id),
  ]);
  await roster.database.query(
    "UPDATE users SET bio = 'mallory' WHERE id IN (SELECT id FROM users ORDER BY random() LIMIT 100)",
  );

  const failures: string[] = [];
  let [requests, slowestMs, running] = [0, 0, true];
  const timed = async (what: string, request: () => PromiseLike<{ status: number }>) => {
    const begin = performance.now();
    const { status } = await request();
    slowestMs = Math.max(slowestMs, performance.now() - begin);
    requests++;
    if (status >= 400) failures.push(`${what}: ${status}`);
  };
  const load = people.map(async ({ id, token }, index) => {
    const as = <R extends { set(name: string, value: string): R }>(request: R) =>
      request.set('authorization', `Bearer ${token}`);
    for (let round = 0; running; round++) {
      await timed('change', () => as(roster.api.patch('/users/me')).send({ firstName: `Round ${round}` }));
      await timed('read', () => as(roster.api.get('/users/me')));
      await timed('sign-in', () =>
        roster.api
          .post('/auth/login')
          .send({ identifier: `load-${index}@example.com`, password: 'nine brown foxes at dawn' }),
      );
      await transactions.run((tx) =>
        users.change(tx, id, (state) => changeProfessionalStatus(state, round % 2 === 0), context),
      );
    }
  });
  const replay = await runCommand(['replay'], settings);
  running = false;
  await Promise.all(load);
  const verification = await withOperatorContext(settings, (context) =>
    verify(context, { limit: 1, progress: SILENT }),
  );
  return {
    replay,
    verification,
    requests,
    failures,
    slowestMs,
  };
}
