import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CollectingSink } from '../support/collecting-sink.js';
import { eventually } from '../support/eventually.js';
import { Receiver } from '../support/receiver.js';
import { type Roster, startRoster } from '../support/roster.js';
import { Webhooks } from '../support/webhooks.js';

const broker = new CollectingSink('broker');

let roster: Roster;
let admin: string;
let hooks: Webhooks;
let receiver: Receiver;
beforeAll(async () => {
  roster = await startRoster({}, [broker.module]);
  admin = await roster.signIn();
  hooks = new Webhooks(roster, admin);
  receiver = await Receiver.start();
});
beforeEach(async () => {
  receiver.answer = () => 204;
  broker.refuse = () => undefined;
  await hooks.settle();
});
afterAll(async () => {
  await receiver.stop();
  await roster.stop();
});

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const call = (method: 'get' | 'post', path: string, body?: object) => {
  const request = roster.api[method](path).set(as(admin));
  return body ? request.send(body) : request;
};
const sinks = async () => (await call('get', '/relay').expect(200)).body.items as Record<string, unknown>[];
const sink = async (name: string) => (await sinks()).find((one) => one['sink'] === name)!;

async function somebody(firstName = 'Ada'): Promise<string> {
  return String((await roster.api.post('/users').set(as(admin)).send({ firstName }).expect(201)).body.id);
}

describe('the sinks', () => {
  it('are listed with state, lag, rate and dead letters', async () => {
    await eventually(async () => (await sink('broker'))['lagEvents'] === 0);
    expect((await sinks()).map(({ sink: name }) => name)).toEqual(['broker', 'webhooks']);
    const { latest, ...up } = await sink('broker');
    expect(up).toEqual({
      sink: 'broker',
      state: 'running',
      position: latest,
      lagEvents: 0,
      lagSeconds: 0,
      eventsPerSecond: expect.any(Number),
      published: expect.any(Number),
      deadLetters: 0,
      leader: expect.stringContaining(`(process ${process.pid})`),
      failingSince: null,
      failure: null,
    });

    broker.failure = new Error('the broker is away');
    await somebody();
    await eventually(async () => (await sink('broker'))['state'] === 'failing');
    expect(await sink('broker')).toMatchObject({
      lagEvents: 1,
      failure: 'the broker is away',
      failingSince: expect.any(String),
    });
    broker.failure = undefined;
    await eventually(async () => (await sink('broker'))['state'] === 'running');
    await roster.database.query("INSERT INTO relay_cursors (sink, position) VALUES ('gone', 0)");
    expect(await sink('gone')).toMatchObject({ state: 'off', position: 0 });
    await roster.database.query("DELETE FROM relay_cursors WHERE sink = 'gone'");
  });

  it('have dead letters, which are sent again with what came after, in order', async () => {
    broker.refuse = ({ event }) =>
      'firstName' in event.data && event.data.firstName === 'Bad' ? 'too large' : undefined;
    const [bad, good, worse] = [await somebody('Bad'), await somebody('Good'), await somebody('Bad')];
    await eventually(async () => (await sink('broker'))['deadLetters'] === 2);
    await eventually(() => broker.events.some(({ userId }) => userId === good));
    const page = await call('get', '/relay/broker/dead-letters?limit=1').expect(200);
    expect(page.body.items).toEqual([
      {
        position: expect.any(Number),
        eventId: expect.any(String),
        type: 'user.created',
        userId: worse,
        reason: 'too large',
        refusedAt: expect.any(String),
      },
    ]);
    const next = await call('get', String(page.body._links.next.href)).expect(200);
    expect(next.body.items).toMatchObject([{ userId: bad }]);
    expect(next.body.page.nextCursor).toBeNull();

    // From the second on: the first stays.
    const { position } = page.body.items[0] as { position: number };
    broker.refuse = () => undefined;
    const one = await call('post', '/relay/broker/dead-letters/resend', { position }).expect(202);
    expect(one.body).toEqual({ from: position, events: 1 });
    await eventually(() => broker.events.some(({ userId }) => userId === worse));
    await eventually(async () => (await sink('broker'))['deadLetters'] === 1);
    const all = await call('post', '/relay/broker/dead-letters/resend', {}).expect(202);
    expect(all.body).toEqual({ from: position - 2, events: 3 });
    await eventually(async () => (await sink('broker'))['deadLetters'] === 0);
    const again = broker.events.slice(-3).map(({ userId }) => userId);
    expect(again).toEqual([bad, good, worse]);

    await call('post', '/relay/broker/dead-letters/resend', {}).expect(404, /no such dead letter/);
    await call('post', '/relay/broker/dead-letters/resend', { position }).expect(404);
    await call('post', '/relay/nothing/dead-letters/resend', {}).expect(404, /no such sink/);
    await call('get', '/relay/%00/dead-letters').expect(404);
    for (const wrong of [{ position: 0 }, { position: '1' }, { from: 1 }]) {
      await call('post', '/relay/broker/dead-letters/resend', wrong).expect(400, /validation-failed/);
    }
  });

  it('are for admins alone, and who sends again is on record', async () => {
    const { id, token } = await roster.join('manager@example.com');
    await roster.api.put(`/users/${id}/role`).set(as(admin)).send({ role: 'MANAGER' }).expect(200);
    await roster.api.get('/relay').expect(401);
    await roster.api.get('/relay').set(as(token)).expect(403);
    await roster.api.get('/relay/broker/dead-letters').set(as(token)).expect(403);
    await roster.api.post('/relay/broker/dead-letters/resend').set(as(token)).expect(403);
    const { body } = await call('get', '/audit?type=access.granted&limit=100').expect(200);
    const acts = (body.items as { what: string; actorRole: string }[]).filter(({ what }) => what.includes('/relay/'));
    expect(acts[0]).toMatchObject({ what: 'POST /relay/broker/dead-letters/resend', actorRole: 'ADMIN' });
  });
});

describe('a delivery to a webhook', () => {
  it('is shown with the message that would be sent now, and each answer', async () => {
    const { id } = await hooks.add(receiver.url);
    receiver.answer = (_, response) => void response.writeHead(500).end('out of memory');
    const userId = await somebody('Canary');
    await eventually(async () => (await hooks.deliveries(id))[0]?.attempts.length === 1);
    const [delivery] = await hooks.deliveries(id);
    const shown = await hooks.call('get', `/${id}/deliveries/${delivery!.id}`).expect(200);
    expect(shown.body).toEqual({
      ...(delivery as object),
      attempts: [expect.objectContaining({ status: 500, answer: 'out of memory' })],
      nextAttemptAt: expect.any(String),
      message: receiver.received.at(-1)!.event,
    });
    expect(shown.body.message.data.firstName).toBe('Canary');
    expect((await hooks.call('get', `/${id}`).expect(200)).body.deliveries).toEqual({ pending: 1, failed: 0 });

    await roster.api.post(`/users/${userId}/erase`).set(as(admin)).expect(204);
    const erased = await hooks.call('get', `/${id}/deliveries/${delivery!.id}`).expect(200);
    expect(erased.body).toMatchObject({ message: { data: { firstName: null } } });
    await roster.database.query('UPDATE webhook_deliveries SET event_id = gen_random_uuid() WHERE id = $1', [
      delivery!.id,
    ]);
    await hooks.call('get', `/${id}/deliveries/${delivery!.id}`).expect(200, /"message":null/);
    await hooks.call('get', `/${id}/deliveries/${id}`).expect(404);
    await hooks.call('get', `/${delivery!.id}/deliveries/${delivery!.id}`).expect(404);
    const other = await hooks.add(receiver.url);
    await hooks.call('get', `/${other.id}/deliveries/${delivery!.id}`).expect(404);
    for (const one of [id, other.id]) await hooks.call('delete', `/${one}`).expect(204);
  });

  it('that was given up is sent again with all others, and none of another webhook', async () => {
    const [id, other] = [(await hooks.add(receiver.url)).id, (await hooks.add(receiver.url)).id];
    const people = [await somebody(), await somebody(), await somebody()];
    await eventually(() => people.every((person) => receiver.types(person).length === 2));
    for (const one of [id, other]) await hooks.untilNone(one, 'pending');
    await roster.database.query(
      `UPDATE webhook_deliveries SET state = 'failed', tries = 9, next_attempt_at = NULL
       WHERE user_id = ANY ($1) AND (endpoint_id = $2 OR user_id = $3)`,
      [people.slice(1), id, people[2]],
    );
    expect((await hooks.call('get', `/${id}`).expect(200)).body.deliveries).toEqual({ pending: 0, failed: 2 });
    await hooks.call('patch', `/${id}`, { enabled: false }).expect(200);
    await hooks.call('post', `/${id}/deliveries/resend`).expect(409, /webhook-disabled/);
    await hooks.call('patch', `/${id}`, { enabled: true }).expect(200);
    expect((await hooks.call('post', `/${id}/deliveries/resend`).expect(202)).body).toEqual({ resent: 2, more: false });
    await eventually(() => people.slice(1).every((person) => receiver.types(person).length === 3));
    await hooks.untilNone(id, 'pending');
    expect(receiver.types(people[0]!)).toHaveLength(2);
    expect(await hooks.deliveries(other, '?state=failed')).toHaveLength(1);
    expect((await hooks.call('post', `/${id}/deliveries/resend`).expect(202)).body).toEqual({ resent: 0, more: false });
    await hooks.call('post', '/x/deliveries/resend').expect(404);
  });
});
