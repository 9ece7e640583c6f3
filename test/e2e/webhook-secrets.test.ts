import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { Deliveries } from '../../src/relay/webhooks/deliveries.js';
import { type Received, Receiver } from '../support/receiver.js';
import { type Roster, startRoster } from '../support/roster.js';
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

describe('The secret of a webhook that is replaced', () => {
  it('signs for a day beside the new one, then no more', async () => {
    const { id, secret } = await hooks.add(receiver.url);
    const rotated = await hooks.call('post', `/${id}/rotate-secret`).expect(200);
    const next = (rotated.body as { secret: string }).secret;
    expect(next).not.toBe(secret);
    const left = Date.parse(String(rotated.body.previousSecretUntil)) - Date.now();
    expect(Math.round(left / 3_600_000)).toBe(24);
    const userId = await somebody();
    await receiver.waitFor(1);
    for (const one of [secret, next]) expect(verify(one, receiver.received[0]!)).toMatchObject({ subject: userId });

    await roster.database.query("UPDATE webhook_endpoints SET previous_secret_until = now() - interval '1 second'");
    await update(userId, 'a day later');
    await receiver.waitFor(2);
    expect(verify(next, receiver.received[1]!)).toMatchObject({ type: 'user.updated' });
    expect(() => verify(secret, receiver.received[1]!)).toThrow();
    expect((await hooks.call('get', `/${id}`).expect(200)).body).toMatchObject({ previousSecretUntil: null });
  });

  it('signs until its own day is over, also when the next one is replaced within the day', async () => {
    const { id, secret } = await hooks.add(receiver.url);
    const rotate = async (): Promise<string> =>
      ((await hooks.call('post', `/${id}/rotate-secret`).expect(200)).body as { secret: string }).secret;
    const secrets = [secret, await rotate()];
    // An hour passes between the two.
    await roster.database.query(
      "UPDATE webhook_endpoints SET previous_secret_until = previous_secret_until - interval '1 hour'",
    );
    secrets.push(await rotate());
    const userId = await somebody();
    await receiver.waitFor(1);
    for (const one of secrets) expect(verify(one, receiver.received[0]!)).toMatchObject({ subject: userId });
    await hooks.call('post', `/${id}/test`).expect(200, /"accepted":true/);
    for (const one of secrets) expect(verify(one, receiver.received[1]!)).toMatchObject({ type: 'webhook.test' });

    await roster.database.query("UPDATE webhook_retired_secrets SET until = now() - interval '1 second'");
    await update(userId, 'a day after the first');
    await receiver.waitFor(3);
    expect(() => verify(secret, receiver.received[2]!)).toThrow();
    for (const one of secrets.slice(1)) expect(verify(one, receiver.received[2]!)).toMatchObject({ subject: userId });
    await roster.app.get(Deliveries, { strict: false }).removeExpired();
    expect(await roster.database.query('SELECT FROM webhook_retired_secrets')).toEqual([]);
  });

  it('signs no more when it is older than the ten newest', async () => {
    const { id, secret } = await hooks.add(receiver.url);
    const secrets = [secret];
    while (secrets.length < 12) {
      const rotated = await hooks.call('post', `/${id}/rotate-secret`).expect(200);
      secrets.push((rotated.body as { secret: string }).secret);
    }
    await hooks.call('post', `/${id}/test`).expect(200);
    const [sent] = receiver.received;
    expect(String(sent!.headers['webhook-signature']).split(' ')).toHaveLength(10);
    for (const one of secrets.slice(2)) expect(verify(one, sent!)).toMatchObject({ type: 'webhook.test' });
  });
});
