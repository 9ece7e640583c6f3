import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { LogoutDeliveries } from '../../src/openid/logout/logout-deliveries.js';
import { Deliveries } from '../../src/relay/webhooks/deliveries.js';
import { eventually } from '../support/eventually.js';
import { beforeCommit } from '../support/meanwhile.js';
import { Receiver } from '../support/receiver.js';
import { type Roster, startRoster } from '../support/roster.js';
import { as } from '../support/two-rosters.js';
import { Webhooks } from '../support/webhooks.js';

let roster: Roster;
let admin: string;
let hooks: Webhooks;
const receivers: Receiver[] = [];
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
  hooks = new Webhooks(roster, admin);
});
afterEach(async () => {
  await roster.database.query('DELETE FROM webhook_endpoints');
  await Promise.all(receivers.splice(0).map((receiver) => receiver.stop()));
});
afterAll(() => roster.stop());

async function receive(answer?: Receiver['answer']): Promise<Receiver> {
  const receiver = await Receiver.start(answer);
  receivers.push(receiver);
  return receiver;
}
const makeSomebody = () => roster.api.post('/users').set(as(admin)).send({ firstName: 'Ada' }).expect(201);

describe('While a webhook is delivered', () => {
  /** A webhook whose message is under way to a URL when it is given another one, and what the first one then answers. */
  async function movedBefore(status: number, failures: number): Promise<{ id: string; failures: number }> {
    const before = await receive();
    const after = await receive(() => 503);
    before.answer = before.hold;
    const { id } = await hooks.add(before.url);
    await makeSomebody();
    await before.waitFor(1);
    await hooks.call('patch', `/${id}`, { url: after.url }).expect(200);
    await roster.database.query('UPDATE webhook_endpoints SET failures = $2 WHERE id = $1', [id, failures]);
    before.release(status);
    await eventually(async () => (await hooks.deliveries(id)).some(({ attempts }) => attempts.length > 0));
    const [row] = await roster.database.query<{ failures: number }>('SELECT failures FROM webhook_endpoints');
    return { id, failures: row!.failures };
  }

  it('and is given another URL, what the first one answers does not disable it', async () => {
    const { id, failures } = await movedBefore(410, 0);
    const { body } = await hooks.call('get', `/${id}`).expect(200);
    expect({ ...(body as object), failures }).toMatchObject({ enabled: true, disabledReason: null, failures: 0 });
  });

  it('nor does it make the new one healthy', async () => {
    expect((await movedBefore(204, 3)).failures).toBe(3);
  });
});

describe('While old deliveries are removed, one that is queued again stays', () => {
  const queueAgain = (table: string) => `
    UPDATE ${table} SET state = 'pending', next_attempt_at = now() + interval '1 hour', finished_at = NULL WHERE id = $1`;

  it('of a webhook', async () => {
    const { id } = await hooks.add((await receive()).url);
    await makeSomebody();
    await eventually(async () => (await hooks.deliveries(id, '?state=delivered')).length === 1);
    const [row] = await roster.database.query<{ id: string }>(
      "UPDATE webhook_deliveries SET created_at = now() - interval '8 days' RETURNING id",
    );
    const deliveries = roster.app.get(Deliveries, { strict: false });
    const sql = queueAgain('webhook_deliveries');
    await beforeCommit(roster.database, [sql, row!.id], () => deliveries.removeExpired());
    expect(await hooks.deliveries(id)).toEqual([expect.objectContaining({ state: 'pending' })]);
  });

  it('of a back-channel logout', async () => {
    const application = { name: 'Shop', redirectUris: ['https://shop.example/cb'] };
    const { body } = await roster.api.post('/clients').set(as(admin)).send(application).expect(201);
    const [row] = await roster.database.query<{ id: string }>(
      `INSERT INTO logout_deliveries (id, client_id, session_id, user_id, state, created_at, finished_at, next_attempt_at)
       SELECT gen_random_uuid(), $1, gen_random_uuid(), gen_random_uuid(), 'delivered', now() - interval '8 days', now(), NULL
       RETURNING id`,
      [(body as { clientId: string }).clientId],
    );
    const deliveries = roster.app.get(LogoutDeliveries, { strict: false });
    const sql = queueAgain('logout_deliveries');
    await beforeCommit(roster.database, [sql, row!.id], () => deliveries.removeExpired());
    expect(await roster.database.query('SELECT state FROM logout_deliveries')).toEqual([{ state: 'pending' }]);
  });
});
