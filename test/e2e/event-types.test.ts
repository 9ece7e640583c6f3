import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ClaimExpiry } from '../../src/auth/registration/claim-expiry.js';
import { USER_EVENTS } from '../../src/events/catalogue.js';
import { tokenIn } from '../support/inbox.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
let admin: string;
beforeAll(async () => {
  roster = await startRoster({ PENDING_RETENTION: '7d' });
  admin = await roster.signIn();
});
afterAll(() => roster.stop());

type Method = 'post' | 'put' | 'patch' | 'delete';

/** By whom, how, and which events come of it: "type of whom by whom". */
interface Step {
  readonly flow: string;
  readonly by: 'nobody' | 'user' | 'admin';
  readonly send: [Method, string, object?];
  readonly events: string[];
  /** How many mails there are once it is done, at the first address unless another is named. */
  readonly mails?: number;
  readonly at?: string;
}

const RESPELT = 'Walk@example.com';

// :id is the user or service account, :contact its contact or key, :token the one of the newest mail.
const STEPS: Step[] = [
  {
    ...{ flow: 'registration', by: 'nobody', send: ['post', '/auth/register', { email: 'walk@example.com' }] },
    events: ['user.created by anonymous', 'user.verification_token.created by anonymous'],
    mails: 1,
  },
  {
    ...{ flow: 'registration of the same address', by: 'nobody' },
    send: ['post', '/auth/register', { email: 'walk@example.com', username: 'rival' }],
    events: ['user.created by anonymous', 'user.verification_token.created by anonymous'],
    mails: 2,
  },
  {
    ...{
      flow: 'another link',
      by: 'nobody',
      send: ['post', '/auth/resend-verification', { email: 'walk@example.com' }],
    },
    events: ['user.verification_token.created by anonymous'],
    mails: 3,
  },
  {
    ...{ flow: 'verification', by: 'nobody' },
    send: ['post', '/auth/verify-email', { token: ':token', newPassword: PASSWORD }],
    events: ['user.email_verified by anonymous'],
  },
  {
    ...{ flow: 'own profile', by: 'user', send: ['patch', '/users/me', { bio: 'x' }] },
    events: ['user.updated by AUTHENTICATED'],
  },
  {
    ...{ flow: 'another’s profile', by: 'admin', send: ['put', '/users/:id', { bio: 'y' }] },
    events: ['user.updated by ADMIN'],
  },
  {
    ...{ flow: 'username', by: 'user', send: ['put', '/users/:id/username', { newUsername: 'walker' }] },
    events: ['user.username_changed by AUTHENTICATED'],
  },
  {
    ...{ flow: 'professional status', by: 'admin' },
    send: ['put', '/users/:id/professional-status', { isProfessional: true }],
    events: ['user.professional_status_changed by ADMIN'],
    mails: 4,
  },
  {
    ...{ flow: 'a contact', by: 'user' },
    send: ['post', '/users/:id/contacts', { kind: 'email', value: 'walk@example.com' }],
    events: ['user.contact_added by AUTHENTICATED', 'user.verification_token.created by AUTHENTICATED'],
    mails: 5,
  },
  {
    ...{ flow: 'its confirmation', by: 'nobody', send: ['post', '/auth/confirm-contact', { token: ':token' }] },
    events: ['user.contact_confirmed by anonymous'],
  },
  {
    ...{ flow: 'its removal', by: 'user', send: ['delete', '/users/:id/contacts/:contact'] },
    events: ['user.contact_removed by AUTHENTICATED'],
  },
  {
    ...{ flow: 'a link to sign in by', by: 'nobody' },
    send: ['post', '/auth/magic-link/request', { email: 'walk@example.com' }],
    events: ['user.verification_token.created by anonymous'],
    mails: 6,
  },
  {
    ...{ flow: 'password', by: 'user' },
    send: ['put', '/users/:id/password', { currentPassword: PASSWORD, newPassword: PASSWORD }],
    events: ['user.password_changed by AUTHENTICATED'],
    mails: 7,
  },
  {
    ...{ flow: 'another spelling of the address', by: 'user' },
    send: ['put', '/users/:id/email', { newEmail: RESPELT, currentPassword: PASSWORD }],
    events: ['user.email_change_requested by AUTHENTICATED'],
    ...{ mails: 1, at: RESPELT },
  },
  {
    ...{
      flow: 'its proof',
      by: 'nobody',
      send: ['post', '/auth/confirm-email-change', { token: ':token', currentPassword: PASSWORD }],
    },
    events: ['user.email_changed by anonymous'],
  },
  {
    ...{ flow: 'no password any more', by: 'user', send: ['delete', '/users/:id/methods/password'] },
    events: ['user.authenticator_removed by AUTHENTICATED'],
    ...{ mails: 2, at: RESPELT },
  },
  {
    ...{ flow: 'a forgotten password', by: 'nobody' },
    send: ['post', '/auth/request-password-reset', { email: 'walk@example.com' }],
    events: ['user.password_reset.requested by anonymous'],
    ...{ mails: 3, at: RESPELT },
  },
  {
    ...{ flow: 'its reset', by: 'nobody' },
    send: ['post', '/auth/reset-password', { token: ':token', newPassword: PASSWORD }],
    events: ['user.authenticator_added by anonymous', 'user.password_reset.completed by anonymous'],
  },
  {
    ...{ flow: 'role', by: 'admin', send: ['put', '/users/:id/role', { role: 'MANAGER' }] },
    events: ['user.role_changed by ADMIN'],
  },
  {
    ...{ flow: 'suspension', by: 'admin', send: ['post', '/users/:id/suspend', { reason: 'Spam.' }] },
    events: ['user.suspended by ADMIN'],
  },
  {
    ...{ flow: 'its end', by: 'admin', send: ['post', '/users/:id/reinstate', {}] },
    events: ['user.reinstated by ADMIN'],
  },
  { ...{ flow: 'deletion', by: 'admin', send: ['delete', '/users/:id'] }, events: ['user.deleted by ADMIN'] },
  {
    ...{ flow: 'its undoing', by: 'admin', send: ['post', '/users/:id/restore', {}] },
    events: ['user.restored by ADMIN'],
  },
  {
    ...{ flow: 'a service account', by: 'admin' },
    send: ['post', '/service-accounts', { name: 'Billing', role: 'AUTHENTICATED' }],
    events: ['user.created by ADMIN'],
  },
  {
    ...{ flow: 'its scopes', by: 'admin', send: ['patch', '/service-accounts/:id', { scopes: ['introspect'] }] },
    events: ['user.scope_changed by ADMIN'],
  },
  {
    ...{ flow: 'a key', by: 'admin', send: ['post', '/service-accounts/:id/keys', { name: 'CI' }] },
    events: ['user.key_created by ADMIN'],
  },
  {
    ...{ flow: 'its retirement', by: 'admin', send: ['delete', '/service-accounts/:id/keys/:contact'] },
    events: ['user.key_retired by ADMIN'],
  },
];

interface Row {
  readonly type: keyof typeof USER_EVENTS;
  readonly schema_version: number;
  readonly actor: { readonly kind: string; readonly role?: string };
}

async function eventsOf(traceId: string): Promise<Row[]> {
  const sql = 'SELECT type, schema_version, actor FROM user_events WHERE trace_id = $1 ORDER BY id';
  return roster.database.query<Row>(sql, [traceId]);
}
const named = (rows: Row[]) => rows.map(({ type, actor }) => `${type} by ${actor.role ?? actor.kind}`);

describe('every flow', () => {
  it('leaves its events, with who did it, the trace id of the request and the schema version of now', async () => {
    const seen = new Set<string>();
    const note = (rows: Row[]) => {
      for (const { type, schema_version } of rows) {
        expect({ type, version: schema_version }).toEqual({ type, version: USER_EVENTS[type].version });
        seen.add(type);
      }
      return named(rows);
    };
    let id = '';
    let user = '';
    let contact = '';
    for (const [index, { flow, by, send, events, mails, at = 'walk@example.com' }] of STEPS.entries()) {
      const [method, path, body] = send;
      const traceId = `walk-${index}`;
      if (mails !== undefined) {
        // Not within a minute of the one before.
        await roster.database.query("UPDATE address_throttle SET last_mail_at = now() - interval '2 minutes'");
      }
      const token = { nobody: undefined, user, admin }[by];
      const linked = roster.inbox.mails.filter(({ text }) => text.includes('?token='));
      const given: Record<string, unknown> = { ...body };
      if (given['token'] === ':token') given['token'] = tokenIn(linked.at(-1)!);
      if (path === '/auth/register') given['password'] = PASSWORD;
      let request = roster.api[method](path.replace(':id', id).replace(':contact', contact)).set(
        'x-request-id',
        traceId,
      );
      if (token !== undefined) request = request.set('authorization', `Bearer ${token}`);
      const { status, body: answer } = await request.send(method === 'delete' ? undefined : given);
      if (mails !== undefined) await roster.inbox.waitFor(at, mails);
      expect({ flow, status, events: note(await eventsOf(traceId)) }).toEqual({
        flow,
        status: expect.any(Number),
        events,
      });
      expect(status).toBeLessThan(300);
      if (flow === 'a service account') id = (answer as { id: string }).id;
      if (flow === 'a contact' || flow === 'a key') contact = (answer as { id: string }).id;
      if (flow === 'verification') {
        user = await roster.signIn('walk@example.com', PASSWORD);
        const me = await roster.api.get('/users/me').set('authorization', `Bearer ${user}`).expect(200);
        id = (me.body as { id: string }).id;
      }
    }

    // What no request causes has a trace id of its own.
    await roster.api.post('/auth/register').send({ email: 'stale@example.com', password: PASSWORD }).expect(202);
    await roster.database.query(
      "UPDATE users SET created_at = now() - interval '8 days' WHERE email = 'stale@example.com'",
    );
    await roster.app.get(ClaimExpiry, { strict: false }).deleteExpired();
    const system = await roster.database.query<Row & { trace_id: string }>(
      "SELECT type, schema_version, actor, trace_id FROM user_events WHERE actor->>'kind' = 'system' ORDER BY id",
    );
    expect(note(system)).toEqual(['user.created by system', 'user.email_verified by system', 'user.erased by system']);
    for (const { trace_id } of system) expect(trace_id).toMatch(/^[0-9a-f]{32}$/);

    expect([...seen].sort()).toEqual(Object.keys(USER_EVENTS).sort());
  });
});
