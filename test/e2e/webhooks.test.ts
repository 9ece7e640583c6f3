import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { Webhook } from 'standardwebhooks';
import { Deliveries } from '../../src/relay/webhooks/deliveries.js';
import { eventually } from '../support/eventually.js';
import { type Received, Receiver } from '../support/receiver.js';
import { ADMIN, type Roster, startRoster } from '../support/roster.js';
import { Webhooks } from '../support/webhooks.js';

let roster: Roster;
let admin: string;
let hooks: Webhooks;
let receiver: Receiver;
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
  hooks = new Webhooks(roster, admin);
  receiver = await Receiver.start();
});
beforeEach(() => hooks.settle());
afterEach(async () => {
  for (const { id } of (await hooks.call('get', '').expect(200)).body.items as { id: string }[]) {
    await hooks.call('delete', `/${id}`).expect(204);
  }
  receiver.received.length = 0;
  receiver.answer = () => 204;
});
afterAll(async () => {
  await receiver.stop();
  await roster.stop();
});

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const verify = (secret: string, { body, headers }: Received) =>
  new Webhook(secret).verify(body, headers as Record<string, string>);
const update = (id: string, bio: string) => roster.api.patch(`/users/${id}`).set(as(admin)).send({ bio }).expect(200);

/** A user, and nothing more on its way about it. */
async function somebody(): Promise<string> {
  const made = await roster.api.post('/users').set(as(admin)).send({ firstName: 'Ada' }).expect(201);
  return String(made.body.id);
}

describe('A webhook', () => {
  it('is added with a secret that is shown once, and kept sealed', async () => {
    const added = await hooks.call('post', '', { url: receiver.url, description: 'CRM' }).expect(201);
    const { id, secret, ...shown } = added.body as { id: string; secret: string };
    expect(added.headers).toMatchObject({ location: `/webhooks/${id}`, 'cache-control': 'no-store' });
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(shown).toMatchObject({ url: receiver.url, types: ['user.*'], description: 'CRM', enabled: true });
    expect((await hooks.call('get', `/${id}`).expect(200)).body).toEqual({ id, ...shown });
    expect((await hooks.call('get', '').expect(200)).body).toEqual({ items: [{ id, ...shown }] });
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    const [row] = await roster.database.query<{ secret: Buffer }>('SELECT secret FROM webhook_endpoints');
    expect(row!.secret.includes(key)).toBe(false);
    await hooks.call('delete', `/${id}`).expect(204);
    await hooks.call('get', `/${id}`).expect(404);
    await hooks.call('delete', `/${id}`).expect(404);
  });

  it.each([
    ['a URL that is none', { url: 'hooks.example.com' }, 'url'],
    ['a URL of another protocol', { url: 'ftp://hooks.example.com/' }, 'url'],
    ['a URL with a password', { url: 'https://u:p@hooks.example.com/' }, 'url'],
    ['the address of a cloud’s metadata', { url: 'http://169.254.169.254/latest/' }, 'url'],
    ['an unknown type', { url: 'https://hooks.example.com/', types: ['user.*', 'order.*'] }, 'types'],
    ['no type', { url: 'https://hooks.example.com/', types: [] }, 'types'],
    ['null for types', { url: 'https://hooks.example.com/', types: null }, 'types'],
    ['a type twice', { url: 'https://hooks.example.com/', types: ['user.*', 'user.*'] }, 'types'],
    ['a secret of one’s own', { url: 'https://hooks.example.com/', secret: 'whsec_x' }, 'secret'],
  ])('is refused with %s', async (_, body, path) => {
    const refused = await hooks.call('post', '', body).expect(400);
    expect((refused.body.errors as { path: string }[])[0]!.path).toBe(path);
  });

  it('is none of anybody’s business but an admin’s', async () => {
    const { token } = await roster.join('nosy@example.com');
    await roster.api.get('/webhooks').expect(401);
    await roster.api.get('/webhooks').set(as(token)).expect(403);
    await roster.api.post('/webhooks').set(as(token)).send({ url: receiver.url }).expect(403);
  });

  it('is one of 50 at most', async () => {
    await roster.database.query(
      `INSERT INTO webhook_endpoints (id, url, types, key_id, secret, disabled_at)
       SELECT gen_random_uuid(), 'https://hooks.example.com/', '{user.*}', 'x', '\\x00', now() FROM generate_series(1, 50)`,
    );
    await hooks.call('post', '', { url: receiver.url }).expect(409, /too-many-webhooks/);
    await roster.database.query('DELETE FROM webhook_endpoints');
  });
});

describe('An event', () => {
  it('is posted as a CloudEvent, signed as the official library checks it, and as its schema says', async () => {
    const { secret, id } = await hooks.add(receiver.url);
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const made = await roster.api
      .post('/users')
      .set({ ...as(admin), traceparent: `00-${traceId}-00f067aa0ba902b7-01` })
      .send({ firstName: 'Zoë', email: 'zoe@example.com' })
      .expect(201);
    const userId = String(made.body.id);
    await receiver.waitFor(2);
    expect(receiver.types(userId)).toEqual(['user.created', 'user.verification_token.created']);
    const [created] = receiver.received as [Received];
    expect(created.headers).toMatchObject({
      'content-type': 'application/cloudevents+json; charset=utf-8',
      'webhook-id': created.event.id,
    });
    expect(verify(secret, created)).toEqual(created.event);
    expect(created.event).toMatchObject({
      specversion: '1.0',
      type: 'user.created',
      subject: userId,
      source: 'http://localhost:3000',
      userversion: 1,
      data: { firstName: 'Zoë', email: 'zoe@example.com', role: 'AUTHENTICATED' },
    });
    expect(String(created.event['traceparent'])).toContain(traceId);

    const { pathname } = new URL(String(created.event['dataschema']));
    const schema = (await roster.api.get(pathname).expect(200)).body as object;
    const ajv = addFormats.default(new Ajv2020({ formats: { 'idn-email': true } }));
    const validate = ajv.compile(schema);
    expect([validate(created.event.data), validate.errors]).toEqual([true, null]);

    await hooks.untilNone(id, 'pending');
    const [newest, first] = await hooks.deliveries(id);
    expect(newest).toMatchObject({ type: 'user.verification_token.created', state: 'delivered' });
    expect(first).toMatchObject({ eventId: created.event.id, userId, state: 'delivered', nextAttemptAt: null });
    expect(first!.attempts).toEqual([
      { at: expect.any(String), durationMs: expect.any(Number), status: 204, error: null, answer: null },
    ]);
  });

  it('goes only to those who asked for its type, from when they asked on', async () => {
    const id = await somebody();
    await hooks.add(receiver.url, { types: ['user.suspended', 'user.password_reset.*'] });
    await update(id, 'not for it');
    await roster.api.post(`/users/${id}/suspend`).set(as(admin)).send({}).expect(200);
    await receiver.waitFor(1);
    expect(receiver.types(id)).toEqual(['user.suspended']);
  });

  it('can be tried out by a message that tells nothing', async () => {
    const { id, secret } = await hooks.add(receiver.url);
    const tried = await hooks.call('post', `/${id}/test`).expect(200);
    expect(tried.body).toMatchObject({ accepted: true, status: 204, error: null });
    expect(verify(secret, receiver.received[0]!)).toMatchObject({ type: 'webhook.test', data: {} });
    receiver.answer = (_, response) => void response.writeHead(503).end('closed for today');
    const refused = await hooks.call('post', `/${id}/test`).expect(200);
    expect(refused.body).toMatchObject({
      accepted: false,
      status: 503,
      error: 'answered 503',
      answer: 'closed for today',
    });
    expect(await hooks.deliveries(id)).toEqual([]);
  });
});

describe('A message that is not accepted', () => {
  it('is tried again, while the next of its user waits, and those of others go on', async () => {
    const { id } = await hooks.add(receiver.url);
    const [unlucky, other] = [await somebody(), await somebody()];
    await receiver.waitFor(2);
    await hooks.untilNone(id, 'pending');
    receiver.answer = ({ event }) => (event['subject'] === unlucky && event.type === 'user.updated' ? 500 : 204);
    await update(unlucky, 'refused');
    await eventually(() => receiver.types(unlucky).length === 2);
    await roster.api.post(`/users/${unlucky}/suspend`).set(as(admin)).send({}).expect(200);
    await update(other, 'goes on');
    await eventually(() => receiver.types(other).length === 2);
    const waiting = await hooks.deliveries(id, '?state=pending');
    expect(waiting.map(({ type, attempts }) => [type, attempts.length])).toEqual([
      ['user.suspended', 0],
      ['user.updated', 1],
    ]);
    expect(waiting[1]!.attempts[0]).toMatchObject({ status: 500, error: 'answered 500' });
    expect(Date.parse(waiting[1]!.nextAttemptAt!)).toBeGreaterThan(Date.parse(waiting[1]!.attempts[0]!.at));

    receiver.answer = () => 204;
    await hooks.hurry();
    await hooks.untilNone(id, 'pending');
    expect(receiver.types(unlucky)).toEqual(['user.created', 'user.updated', 'user.updated', 'user.suspended']);
    const [, first, again] = receiver.about(unlucky);
    expect(again!.headers['webhook-id']).toBe(first!.headers['webhook-id']);
  });

  it('is given up after a day, lets the next of its user pass, and is sent again by hand', async () => {
    const { id } = await hooks.add(receiver.url);
    const userId = await somebody();
    receiver.answer = ({ event }) => (event.type === 'user.updated' ? 500 : 204);
    await update(userId, 'too much for it');
    await roster.api.post(`/users/${userId}/suspend`).set(as(admin)).send({}).expect(200);
    for (let tries = 1; tries <= 9; tries++) {
      await eventually(() => receiver.types(userId).filter((type) => type === 'user.updated').length === tries);
      await eventually(async () => (await hooks.deliveries(id)).some(({ attempts }) => attempts.length === tries));
      await hooks.hurry();
    }
    await eventually(() => receiver.types(userId).includes('user.suspended'));
    const [failed] = await hooks.deliveries(id, '?state=failed');
    expect(failed).toMatchObject({ type: 'user.updated', nextAttemptAt: null, finishedAt: expect.any(String) });

    receiver.answer = () => 204;
    const resent = await hooks.call('post', `/${id}/deliveries/${failed!.id}/resend`).expect(202);
    expect(resent.body).toMatchObject({ id: failed!.id, state: 'pending' });
    await hooks.untilNone(id, 'pending');
    expect(await hooks.deliveries(id, '?state=failed')).toEqual([]);
    expect(receiver.about(userId).at(-1)!.headers['webhook-id']).toBe(failed!.eventId);
    await hooks.call('post', `/${id}/deliveries/019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071/resend`).expect(404);
    await hooks.call('post', `/${id}/deliveries/x/resend`).expect(404);
  });

  it('is sent of an erased person without what said something about it', async () => {
    const { id } = await hooks.add(receiver.url);
    receiver.answer = (received, response) => void response.writeHead(500).end(received.body);
    const made = await roster.api.post('/users').set(as(admin)).send({ firstName: 'Canary' }).expect(201);
    const userId = String(made.body.id);
    await eventually(async () => (await hooks.deliveries(id))[0]?.attempts.length === 1);
    const [kept] = await roster.database.query<{ answer: string }>('SELECT answer FROM webhook_attempts');
    expect(kept!.answer).toContain(userId);
    await roster.api.post(`/users/${userId}/erase`).set(as(admin)).expect(204);
    expect(await roster.database.query('SELECT FROM webhook_attempts WHERE answer IS NOT NULL')).toEqual([]);
    receiver.answer = () => 204;
    await hooks.hurry();
    await eventually(() => receiver.types(userId).includes('user.erased'));
    const [first, again] = receiver.about(userId);
    expect(first!.event.data).toMatchObject({ firstName: 'Canary' });
    expect(again!.event).toMatchObject({ id: first!.event.id, data: { firstName: null } });
  });
});

describe('A message that cannot be made', () => {
  it('holds up none of those that were taken with it', async () => {
    const { id } = await hooks.add(receiver.url);
    receiver.answer = receiver.hold;
    const ids: string[] = [];
    while (ids.length < 8) ids.push(await somebody());
    await receiver.waitFor(8);
    // More than may be under way: they wait, and are taken together.
    const lost = await somebody();
    const others = [await somebody(), await somebody()];
    await eventually(async () => (await hooks.deliveries(id)).length === 11);
    await roster.database.query('UPDATE webhook_deliveries SET event_id = gen_random_uuid() WHERE user_id = $1', [
      lost,
    ]);
    receiver.answer = () => 204;
    receiver.release();
    await eventually(() => others.every((other) => receiver.types(other).length === 1));
    expect(receiver.types(lost)).toEqual([]);
    await eventually(async () => (await hooks.deliveries(id, '?state=pending')).length === 1);
    expect((await hooks.deliveries(id, '?state=pending'))[0]).toMatchObject({ userId: lost, attempts: [] });
  });
});

describe('A webhook that fails', () => {
  it('gets one message at a time, with pauses', async () => {
    const { id } = await hooks.add(receiver.url);
    receiver.answer = () => 500;
    for (let count = 0; count < 7; count++) await somebody();
    const failures = async () =>
      (
        await roster.database.query<{ failures: number; paused: boolean }>(
          'SELECT failures, paused_until > now() AS paused FROM webhook_endpoints WHERE id = $1',
          [id],
        )
      )[0]!;
    await eventually(async () => (await failures()).failures >= 5);
    expect((await failures()).paused).toBe(true);
    await eventually(async () => (await hooks.deliveries(id)).length === 7);
    await eventually(async () => (await failures()).failures === receiver.received.length);
    receiver.answer = receiver.hold;
    const before = receiver.received.length;
    await hooks.hurry();
    await receiver.waitFor(before + 1);
    expect(receiver.held).toHaveLength(1);
    receiver.answer = () => 204;
    receiver.release();
    await hooks.hurry();
    await hooks.untilNone(id, 'pending');
    expect(await failures()).toEqual({ failures: 0, paused: null });
  });

  it('for days is disabled, admins are told by mail, and waiting deliveries are sent once it is enabled again', async () => {
    const { id } = await hooks.add(`${receiver.url}?token=secret`);
    receiver.answer = () => 500;
    const userId = await somebody();
    await eventually(async () => (await hooks.deliveries(id))[0]?.attempts.length === 1);
    await roster.database.query(
      "UPDATE webhook_endpoints SET failures = 20, failing_since = now() - interval '2 days 23 hours'",
    );
    await hooks.hurry();
    await eventually(async () => (await hooks.deliveries(id))[0]?.attempts.length === 2);
    expect((await hooks.call('get', `/${id}`).expect(200)).body).toMatchObject({ enabled: true });
    await roster.database.query("UPDATE webhook_endpoints SET failing_since = now() - interval '3 days 1 hour'");
    await hooks.hurry();
    const { text } = await roster.inbox.waitFor(ADMIN.email);
    expect(text).toMatch(/A WEBHOOK WAS DISABLED[^]*accepted nothing since[^]*answered 500/);
    expect(text).toContain(receiver.url);
    expect(text).not.toContain('secret');
    const off = await hooks.call('get', `/${id}`).expect(200);
    expect(off.body).toMatchObject({ enabled: false, disabledReason: 'failing', disabledAt: expect.any(String) });

    const [waiting] = await hooks.deliveries(id);
    await hooks.call('post', `/${id}/deliveries/${waiting!.id}/resend`).expect(409, /webhook-disabled/);
    await somebody();
    await hooks.settle();
    const { length } = receiver.received;
    receiver.answer = () => 204;
    await hooks.hurry();
    await hooks.call('patch', `/${id}`, { enabled: true }).expect(200, /"failingSince":null/);
    hooks.wake();
    await hooks.untilNone(id, 'pending');
    // What happened while it was off is not for it.
    expect(receiver.received.slice(length).map(({ event }) => event['subject'])).toEqual([userId]);
  });

  it('by 410 Gone is disabled at once', async () => {
    const { id } = await hooks.add(receiver.url);
    receiver.answer = () => 410;
    const { length } = roster.inbox.to(ADMIN.email);
    await somebody();
    const { text } = await roster.inbox.waitFor(ADMIN.email, length + 1);
    expect(text).toContain('gone for good (410)');
    expect((await hooks.call('get', `/${id}`).expect(200)).body).toMatchObject({ disabledReason: 'gone' });
  });

  it('can be disabled by an admin, and changed', async () => {
    const { id } = await hooks.add(receiver.url);
    const off = await hooks.call('patch', `/${id}`, { enabled: false, types: ['user.created'], description: null });
    expect(off.body).toMatchObject({ enabled: false, disabledReason: 'admin', types: ['user.created'] });
    await hooks.call('patch', `/${id}`, { url: 'http://169.254.169.254/' }).expect(400);
    await hooks.call('patch', `/${id}`, { types: null }).expect(400);
    await hooks.call('patch', '/x', { enabled: true }).expect(404);
  });
});

describe('The record of deliveries', () => {
  it('is paged, and goes after its time', async () => {
    const { id } = await hooks.add(receiver.url);
    for (let count = 0; count < 3; count++) await somebody();
    await receiver.waitFor(3);
    await hooks.untilNone(id, 'pending');
    const first = await hooks.call('get', `/${id}/deliveries?limit=2`).expect(200);
    expect(first.body.items).toHaveLength(2);
    const second = await roster.api.get(String(first.body._links.next.href)).set(as(admin)).expect(200);
    expect(second.body).toMatchObject({ items: [expect.anything()], page: { nextCursor: null } });
    await hooks.call('get', `/${id}/deliveries?state=lost`).expect(400);

    await roster.database.query("UPDATE webhook_deliveries SET created_at = now() - interval '8 days'");
    await roster.database.query("UPDATE webhook_deliveries SET state = 'failed' WHERE position % 2 = 0");
    await roster.app.get(Deliveries, { strict: false }).removeExpired();
    const left = await hooks.deliveries(id);
    expect(left.length).toBeGreaterThan(0);
    expect(new Set(left.map(({ state }) => state))).toEqual(new Set(['failed']));
    await roster.database.query("UPDATE webhook_deliveries SET created_at = now() - interval '31 days'");
    await roster.app.get(Deliveries, { strict: false }).removeExpired();
    expect(await hooks.deliveries(id)).toEqual([]);
  });
});
