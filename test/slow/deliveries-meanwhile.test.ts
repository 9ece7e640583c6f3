import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
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
