import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCommand } from '../support/cli.js';
import { CollectingSink } from '../support/collecting-sink.js';
import { eventually } from '../support/eventually.js';
import { type Roster, startRoster } from '../support/roster.js';
import { relayStatus, rewind } from '../../src/operator/relay.js';
import { withOperatorContext } from '../support/operator-context.js';

const good = new CollectingSink('good');
const other = new CollectingSink('other');

let roster: Roster;
let admin: string;
beforeAll(async () => {
  roster = await startRoster({}, [good.module, other.module]);
  admin = await roster.signIn();
});
afterAll(() => roster.stop());

const leaderOf = async (sink: string): Promise<number | undefined> => {
  const [row] = await roster.database.query<{ pid: number }>(
    `SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE locktype = 'advisory' AND granted AND application_name = $1
       AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [`roster relay ${sink}`],
  );
  return row?.pid;
};

let people = 0;
async function create(input: object = {}): Promise<string> {
  const { body } = await roster.api
    .post('/users')
    .set({ authorization: `Bearer ${admin}` })
    .send({ username: `person-${people++}`, ...input })
    .expect(201);
  return (body as { id: string }).id;
}

const rename = (id: string, nickname: string) =>
  roster.api
    .patch(`/users/${id}`)
    .set({ authorization: `Bearer ${admin}` })
    .send({ nickname })
    .expect(200);

const latest = async (): Promise<number> => {
  const [row] = await roster.database.query<{ latest: string; waiting: boolean }>(
    'SELECT max(position) AS latest, EXISTS (SELECT FROM event_outbox) AS waiting FROM event_positions',
  );
  return row?.waiting === false ? Number(row.latest) : Infinity;
};
const positionOf = async (sink: string): Promise<number> => {
  const [row] = await roster.database.query<{ position: string }>(
    'SELECT position FROM relay_cursors WHERE sink = $1',
    [sink],
  );
  return Number(row?.position);
};
const caughtUp = (sink: string) => async (): Promise<boolean> => (await positionOf(sink)) === (await latest());

const ready = async () =>
  (await roster.api.get('/health/ready').expect(200)).body as {
    status: string;
    checks: Record<string, string>;
    figures: Record<string, number>;
  };
const operator = () => ({ DATABASE_URL: roster.database.url, SMTP_URL: 'smtp://127.0.0.1:1' });

describe('the relay', () => {
  it('gives each sink every event once, in the order of its user, with the trace id of the request', async () => {
    const traceId = 'a'.repeat(31) + '1';
    const { body } = await roster.api
      .post('/users')
      .set({ authorization: `Bearer ${admin}`, 'x-request-id': traceId })
      .send({ username: 'traced', firstName: 'Ada' })
      .expect(201);
    const { id } = body as { id: string };
    for (const nickname of ['one', 'two', 'three']) await rename(id, nickname);
    for (const sink of [good, other]) {
      await eventually(caughtUp(sink.name));
      const own = sink.events.filter(({ userId }) => userId === id);
      expect(own.map(({ userVersion }) => userVersion)).toEqual([1, 2, 3, 4]);
      expect(own[0]!.event).toMatchObject({
        specversion: '1.0',
        source: 'http://localhost:3000',
        type: 'user.created',
        subject: id,
        traceid: traceId,
        traceparent: expect.stringMatching(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`)),
        authtype: 'app_user',
        data: { username: 'traced', firstName: 'Ada', email: null },
      });
    }
  });

  it('tells a failing sink’s fault, tries again less and less often, and makes nobody else late', async () => {
    good.failure = new AggregateError([new Error('connect ECONNREFUSED 127.0.0.1:9092')], 'tried everything');
    const id = await create();
    await eventually(caughtUp('other'));
    await eventually(async () => (await ready()).checks['good'] === 'down');
    const { status, checks, figures } = await ready();
    expect({ status, other: checks['other'], lag: figures['goodLagEvents'] }).toEqual({
      status: 'degraded',
      other: 'up',
      lag: 1,
    });
    const attempts = good.attempts;
    await eventually(() => good.attempts > attempts + 1);
    const told = roster.logLines().filter(({ msg }) => String(msg).includes('cannot be sent to good'));
    expect(told).toEqual([expect.objectContaining({ level: 40, reason: 'connect ECONNREFUSED 127.0.0.1:9092' })]);
    expect(await withOperatorContext(operator(), relayStatus)).toMatch(/^good\n[^]*FAILING +since .*ECONNREFUSED/);

    good.failure = undefined;
    await eventually(caughtUp('good'));
    expect(good.events.filter(({ userId }) => userId === id)).toHaveLength(1);
    expect(await ready()).toMatchObject({ checks: { good: 'up' }, figures: { goodLagEvents: 0, goodLagSeconds: 0 } });
  });

  it('lays aside what a sink refuses for good, and goes on with the rest', async () => {
    const [refused, accepted] = [await create(), await create()];
    await eventually(caughtUp('good'));
    good.refuse = ({ userId }) => (userId === refused ? 'the message is too large' : undefined);
    await rename(refused, 'refused');
    await rename(accepted, 'accepted');
    await eventually(caughtUp('good'));
    expect(good.events.at(-1)).toMatchObject({ userId: accepted, userVersion: 2 });
    expect((await ready()).figures['goodDeadLetters']).toBe(1);
    expect(await withOperatorContext(operator(), relayStatus)).toMatch(
      /dead letters {2}1\n +\d+ {2}user\.updated {2}[0-9a-f-]{36} {2}the message is too large/,
    );

    good.refuse = () => undefined;
    const [letter] = await roster.database.query<{ position: string }>('SELECT position FROM relay_dead_letters');
    await withOperatorContext(operator(), (context) => rewind(context, 'good', letter!.position));
    await eventually(() => good.events.at(-1)!.userId === accepted && good.events.at(-2)!.userId === refused);
    await eventually(async () => (await ready()).figures['goodDeadLetters'] === 0);
  });

  it('goes back to a position or a time, and forward to the end, also while a batch is on its way', async () => {
    const id = await create();
    await eventually(caughtUp('good'));
    const since = new Date();
    await rename(id, 'later');
    await eventually(caughtUp('good'));
    const count = good.events.length;

    await withOperatorContext(operator(), (context) => rewind(context, 'good', since.toISOString()));
    await eventually(() => good.events.length > count);
    expect(good.events.at(-1)!.id).toBe(good.events[count - 1]!.id);

    const { promise: held, resolve: letGo } = Promise.withResolvers<undefined>();
    good.hold = held;
    await rename(id, 'held');
    await eventually(() => good.events.length > count + 1);
    await withOperatorContext(operator(), (context) => rewind(context, 'good', 'beginning'));
    good.hold = undefined;
    letGo(undefined);
    await eventually(() => good.batches.at(-1)![0]!.position === 1);
    await eventually(caughtUp('good'));

    for (const to of ['0', '999999', 'yesterday', '']) {
      await expect(withOperatorContext(operator(), (context) => rewind(context, 'good', to))).rejects.toThrow(
        /position/,
      );
    }
    await expect(withOperatorContext(operator(), (context) => rewind(context, 'nowhere', '1'))).rejects.toThrow(
      'Known sinks: good, other, webhooks.',
    );
  });

  it('is looked at and set by npm run roster -- relay', async () => {
    await eventually(caughtUp('good'));
    const environment = { ...operator(), SECRET_KEY: 'k3yZ'.repeat(12) };
    const set = await runCommand(['relay', 'rewind', '--sink', 'good', '--to', '2026-01-01'], environment);
    expect(set.stdout).toMatch(/^good was at \d+, and continues with event 1 of \d+\./);
    await eventually(caughtUp('good'));
    const { stdout, code } = await runCommand(['relay', 'status'], environment);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^good\n {2}done +up to event (\d+) of \1\n {2}waiting +0 events[^]*dead letters {2}0\n\nother\n/,
    );
  });

  it('sends no value of a person who was erased', async () => {
    const id = await create({ firstName: 'Grace', lastName: 'Forgotten' });
    await roster.api
      .delete(`/users/${id}`)
      .set({ authorization: `Bearer ${admin}` })
      .expect(204);
    await roster.api
      .post(`/users/${id}/erase`)
      .set({ authorization: `Bearer ${admin}` })
      .expect(204);
    await eventually(caughtUp('other'));
    const count = other.events.length;
    await withOperatorContext(operator(), (context) => rewind(context, 'other', 'beginning'));
    await eventually(() => other.events.length >= 2 * count);
    const again = other.events.slice(count).filter(({ userId }) => userId === id);
    expect(again.map(({ type }) => type)).toEqual(['user.created', 'user.deleted', 'user.erased']);
    expect(JSON.stringify(again)).not.toMatch(/Grace|Forgotten/);
    expect(again[0]!.event.data).toMatchObject({ firstName: null, role: 'AUTHENTICATED', how: 'admin' });
  });
});

describe('a new sink, and two servers that have it', () => {
  const [first, next, whole] = ['handed', 'handed', 'whole'].map((name) => new CollectingSink(name));

  it('begins at the end, or with RELAY_START=beginning at the first event, and is handed over without a gap', async () => {
    await eventually(async () => Number.isFinite(await latest()));
    const end = await latest();
    const ending = await startRoster({}, [first!.module], roster.database);
    await eventually(async () => (await leaderOf('handed')) !== undefined);
    const lasting = await startRoster({ RELAY_START: 'beginning' }, [next!.module, whole!.module], roster.database);
    try {
      await create();
      await eventually(() => first!.events.length > 0 && whole!.events.length > end);
      expect(first!.events[0]!.position).toBe(end + 1);
      expect(whole!.events.map(({ position }) => position)).toEqual(whole!.events.map((_, index) => index + 1));

      // Of two servers one sends; the other goes on with what the one had not noted when it ended.
      expect(next!.events).toEqual([]);
      first!.hold = new Promise(() => undefined);
      const id = await create();
      await eventually(() => first!.events.at(-1)?.userId === id);
    } finally {
      await ending.app.close();
      await ending.inbox.down();
    }
    try {
      await eventually(() => next!.events.length > 0);
      expect(next!.events[0]!.id).toBe(first!.events.at(-1)!.id);
      await eventually(caughtUp('handed'));
    } finally {
      await lasting.app.close();
      await lasting.inbox.down();
    }
  });
});
