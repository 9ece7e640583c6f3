import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Passwords } from '../../src/auth/passwords/passwords.js';
import { HeldMethods } from '../../src/auth/sign-in-methods/held-methods.js';
import { loadSettings } from '../../src/config/settings.js';
import { Transactions } from '../../src/database/transaction.js';
import type { PersonalData } from '../../src/events/personal-data.js';
import { signInMethodsAt } from '../../src/operator/parts.js';
import { WebhookNotices } from '../../src/relay/webhooks/webhook-notices.js';
import { tokenIn } from '../support/inbox.js';
import { ADMIN, PASSWORD, type Roster, startRoster } from '../support/roster.js';

interface SignedIn {
  readonly id: string;
  readonly token: string;
}

let roster: Roster;
let admin: SignedIn;
beforeAll(async () => {
  roster = await startRoster();
  const token = await roster.signIn();
  const me = await roster.api.get('/users/me').set(as(token)).expect(200);
  admin = { id: (me.body as { id: string }).id, token };
});
afterAll(() => roster.stop());

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const create = async (input: object) =>
  (await roster.api.post('/users').set(as(admin.token)).send(input).expect(201)).body as { id: string };
const setRole = (by: SignedIn, id: string, role: string) =>
  roster.api.put(`/users/${id}/role`).set(as(by.token)).send({ role });

const WAYS_OUT: Record<string, (by: SignedIn, id: string) => ReturnType<typeof setRole>> = {
  demote: (by, id) => setRole(by, id, 'MANAGER'),
  suspend: (by, id) => roster.api.post(`/users/${id}/suspend`).set(as(by.token)).send({}),
  delete: (by, id) => roster.api.delete(`/users/${id}`).set(as(by.token)),
  erase: (by, id) => roster.api.post(`/users/${id}/erase`).set(as(by.token)),
};

describe('the last admin who can sign in', () => {
  it('is found by an operator’s command by the same sign-in methods as by the server', () => {
    const ids = (methods: readonly { readonly id: string }[]) => methods.map(({ id }) => id).sort();
    const ofServer = roster.app.get(HeldMethods, { strict: false }).all();
    const parts = { settings: loadSettings({}), personalData: {} as PersonalData };
    expect(ids(signInMethodsAt(parts, {} as Passwords))).toEqual(ids(ofServer));
  });

  beforeEach(async () => {
    // Whom an earlier test made an admin.
    await roster.database.query("UPDATE users SET role = 'AUTHENTICATED' WHERE role = 'ADMIN' AND id <> $1", [
      admin.id,
    ]);
  });

  async function expectToStay(): Promise<void> {
    for (const [way, leave] of Object.entries(WAYS_OUT)) {
      const { status, body } = await leave(admin, admin.id);
      expect({ way, status, code: (body as { code?: string }).code }).toEqual({ way, status: 409, code: 'last-admin' });
    }
    await roster.signIn();
  }

  it('stays while the others are a name, an invitation that nobody has accepted, suspended or deleted', async () => {
    await create({ firstName: 'Ghost', role: 'ADMIN' });
    await create({ username: 'ghost-writer', role: 'ADMIN' });
    await create({ email: 'mistyped@exmaple.com', role: 'ADMIN' });
    const suspended = await create({ email: 'suspended@example.com', password: PASSWORD, role: 'ADMIN' });
    const deleted = await create({ email: 'deleted@example.com', password: PASSWORD, role: 'ADMIN' });
    await WAYS_OUT['suspend']!(admin, suspended.id).expect(200);
    await WAYS_OUT['delete']!(admin, deleted.id).expect(204);
    await expectToStay();
  });

  it('may go once somebody has accepted the invitation', async () => {
    await create({ email: 'invited@example.com', role: 'ADMIN' });
    await expectToStay();
    const token = tokenIn(await roster.inbox.waitFor('invited@example.com'));
    await roster.api.post('/auth/accept-invitation').send({ token, newPassword: PASSWORD }).expect(200);
    const invited = { id: '', token: await roster.signIn('invited@example.com', PASSWORD) };
    await setRole(admin, admin.id, 'MANAGER').expect(200);
    await setRole(invited, admin.id, 'ADMIN').expect(200);
  });

  it.each<[string, { email?: string; username?: string; password: string; role: string }]>([
    ['a password', { email: 'by-password@example.com', password: PASSWORD, role: 'ADMIN' }],
    ['a username and a password', { username: 'by-username', password: PASSWORD, role: 'ADMIN' }],
  ])('may go while another has %s', async (_what, input) => {
    const other = await create(input);
    await setRole(admin, admin.id, 'MANAGER').expect(200);
    const token = await roster.signIn(input.email ?? input.username, PASSWORD);
    await setRole({ ...other, token }, admin.id, 'ADMIN').expect(200);
  });

  it('stays while the other has neither a mailbox of their own nor a username to sign in by', async () => {
    const other = await create({ email: 'shared@example.com', password: PASSWORD, role: 'ADMIN' });
    // Another spelling of somebody else's, which bringing the schema up to date took the key from.
    const takeKey = (id: string) => roster.database.query('UPDATE users SET email_key = NULL WHERE id = $1', [id]);
    await takeKey(other.id);
    await expectToStay();
    const email = 'shared-too@example.com';
    const named = await create({ email, username: 'sharer', password: PASSWORD, role: 'ADMIN' });
    await takeKey(named.id);
    await setRole(admin, admin.id, 'MANAGER').expect(200);
    const token = await roster.signIn('sharer', PASSWORD);
    await setRole({ ...named, token }, admin.id, 'ADMIN').expect(200);
  });

  it('is there after two who can sign in remove each other, or themselves, at the same moment, beside some who cannot', async () => {
    await create({ firstName: 'Phantom', role: 'ADMIN' });
    const joined = await roster.join('second@example.com');
    await setRole(admin, joined.id, 'ADMIN').expect(200);
    const atOnce = [
      () => [admin, joined, joined, admin],
      // Nobody loses the right to it before the other has gone.
      () => [admin, admin, joined, joined],
    ] as const;
    for (const [way, leave] of Object.entries(WAYS_OUT).slice(0, 3)) {
      for (const who of atOnce) {
        const [one, oneGoes, other, otherGoes] = who() as [SignedIn, SignedIn, SignedIn, SignedIn];
        const answers = await Promise.all([leave(one, oneGoes.id), leave(other, otherGoes.id)]);
        expect([way, answers.filter(({ ok }) => ok)]).toEqual([way, [expect.anything()]]);
        await roster.database.query(
          `UPDATE users SET role = 'ADMIN', suspended_at = NULL, deleted_at = NULL WHERE id = ANY ($1)`,
          [[admin.id, joined.id]],
        );
        admin = { id: admin.id, token: await roster.signIn() };
        Object.assign(joined, { token: await roster.signIn('second@example.com', PASSWORD) });
      }
    }
  });

  it('is the one who is mailed about a webhook, and nobody at an address that is not proved', async () => {
    await create({ email: 'stranger@exmaple.com', role: 'ADMIN' });
    await create({ email: 'unproved@exmaple.com', password: PASSWORD, role: 'ADMIN' });
    await roster.app.get(Transactions, { strict: false }).run((tx) =>
      roster.app.get(WebhookNotices, { strict: false }).notifyDisabled(
        {
          id: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071',
          url: 'https://hooks.example.com/in',
          reason: 'failing',
          failingSince: new Date(),
          lastError: 'HTTP 500',
          traceId: 'trace',
        },
        tx,
      ),
    );
    const mails = await roster.database.query("SELECT recipient FROM mails WHERE template = 'webhook-disabled'");
    expect(mails).toEqual([{ recipient: ADMIN.email }]);
  });
});
