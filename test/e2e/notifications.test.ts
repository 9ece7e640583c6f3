import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Transactions } from '../../src/database/transaction.js';
import { MailQueue } from '../../src/mail/delivery/mail-queue.js';
import { eventually } from '../support/eventually.js';
import { tokenIn } from '../support/inbox.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

const WRONG = 'seven idle boats on slate water';

let roster: Roster;
let admin: string;
let adminId: string;
beforeAll(async () => {
  roster = await startRoster({ LOCKOUT_THRESHOLD: '3' });
  admin = await roster.signIn();
  adminId = String((await roster.api.get('/users/me').set(as(admin)).expect(200)).body.id);
});
afterAll(() => roster.stop());

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const login = (identifier: string, more: object = {}, password = PASSWORD) =>
  roster.api.post('/auth/login').send({ identifier, password, ...more });

const subjectsTo = (email: string) => roster.inbox.to(email).map(({ email: { subject } }) => subject);
/** All mails that are due have left. */
const quiet = () =>
  eventually(async () => (await roster.database.query("SELECT 1 FROM mails WHERE state = 'queued'")).length === 0);

interface Act {
  readonly what: string;
  readonly before?: (id: string) => Promise<unknown>;
  readonly act: (id: string) => Promise<unknown>;
  readonly subject: RegExp;
  readonly says: RegExp;
}

const REASON = 'caught-selling-badgers';
const post = (path: string, body: object = {}) => roster.api.post(path).set(as(admin)).send(body).expect(200);
const put = (path: string, body: object) => roster.api.put(path).set(as(admin)).send(body).expect(200);

const ACTS: Act[] = [
  {
    what: 'suspended',
    act: (id) => post(`/users/${id}/suspend`, { reason: REASON }),
    subject: /is suspended/,
    says: /An administrator has suspended your account/,
  },
  {
    what: 'reinstated',
    before: (id) => post(`/users/${id}/suspend`, { reason: REASON }),
    act: (id) => post(`/users/${id}/reinstate`),
    subject: /is reinstated/,
    says: /Your account is no longer suspended/,
  },
  {
    what: 'given another role',
    act: (id) => put(`/users/${id}/role`, { role: 'MANAGER' }),
    subject: /Your role at/,
    says: /An administrator has changed the role of your account to:\s+Manager/,
  },
  {
    what: 'marked as professional',
    act: (id) => put(`/users/${id}/professional-status`, { isProfessional: true }),
    subject: /Your professional status/,
    says: /is now marked as professional/,
  },
  {
    what: 'deleted',
    act: (id) => roster.api.delete(`/users/${id}`).set(as(admin)).expect(204),
    subject: /is deleted/,
    says: /An administrator has deleted your account[^]*is kept for 30 days/,
  },
  {
    what: 'restored',
    before: (id) => roster.api.delete(`/users/${id}`).set(as(admin)).expect(204),
    act: (id) => post(`/users/${id}/restore`),
    subject: /is restored/,
    says: /had been deleted and is now restored/,
  },
];

describe('somebody who is', () => {
  it.each(ACTS)(
    '$what gets a mail, once, that names neither who did it nor why',
    async ({ what, before, act, ...mail }) => {
      const email = `${what.replaceAll(' ', '-')}@example.com`;
      const { id } = await roster.join(email);
      await before?.(id);
      await act(id);
      const { raw, text, email: parsed } = await roster.inbox.about(email, mail.subject);
      expect(text).toMatch(mail.says);
      for (const part of [raw, text, parsed.html ?? '']) {
        expect(part).not.toMatch(new RegExp(`${REASON}|${adminId}|admin@example\\.com|127\\.0\\.0\\.1`));
      }
      await quiet();
      expect(subjectsTo(email).filter((subject) => mail.subject.test(subject ?? ''))).toHaveLength(1);
      const stored = await roster.database.query('SELECT data FROM mails WHERE user_id = $1', [id]);
      expect(JSON.stringify(stored)).not.toMatch(new RegExp(`${REASON}|${adminId}`));
    },
  );

  it('unlocked by a manager gets a mail, and whoever used the link gets none', async () => {
    for (const email of ['by-staff@example.com', 'by-link@example.com']) {
      const { id } = await roster.join(email);
      for (let time = 0; time < 3; time++) await login(email, {}, WRONG).expect(401);
      const locked = await roster.inbox.about(email, /Too many wrong passwords/);
      if (email.startsWith('by-staff')) await post(`/users/${id}/unlock`);
      else
        await roster.api
          .post('/auth/unlock')
          .send({ token: tokenIn(locked) })
          .expect(200);
    }
    expect((await roster.inbox.about('by-staff@example.com', /is unlocked/)).text).toMatch(
      /has ended the lock: you can sign in now/,
    );
    await quiet();
    expect(subjectsTo('by-link@example.com')).not.toContain('Your account at Roster is unlocked');
  });

  it('deleting their own account is told so, and not that an administrator did it', async () => {
    const { id, token } = await roster.join('by-oneself@example.com');
    await roster.api.delete(`/users/${id}`).set(as(token)).expect(204);
    const mail = await roster.inbox.about('by-oneself@example.com', /is deleted/);
    expect(mail.text).not.toContain('administrator');
  });

  it('not proved to be the owner of the address is told nothing of what becomes of the registration', async () => {
    const email = 'stranger@example.com';
    await roster.api.post('/auth/register').send({ email, password: PASSWORD }).expect(202);
    await roster.inbox.waitFor(email);
    const [row] = await roster.database.query<{ id: string }>('SELECT id FROM users WHERE email = $1', [email]);
    await post(`/users/${row!.id}/suspend`, { reason: REASON });
    await quiet();
    expect(roster.inbox.to(email)).toHaveLength(1);
  });
});

it('a mail that the release before has queued, with its times in words, leaves as it would have', async () => {
  const { id } = await roster.join('before@example.com');
  const data = { requestedAt: '21 November 2026, 09:14 UTC', requestedFrom: 'Firefox on Linux, 203.0.113.5' };
  const mail = {
    userId: id,
    template: 'session-reused',
    recipient: 'before@example.com',
    traceId: 'before',
    data,
  } as const;
  await roster.app
    .get(Transactions, { strict: false })
    .run((tx) => roster.app.get(MailQueue, { strict: false }).enqueue(tx, mail));
  const { text } = await roster.inbox.about('before@example.com', /signed out/);
  expect(text).toMatch(
    /Signed out on 21 November 2026, 09:14 UTC\s+The old key was used from Firefox on Linux, 203\.0\.113\.5/,
  );
});

describe('a sign-in', () => {
  const NEW = 'New sign-in to your Roster account';
  const notices = (email: string) => subjectsTo(email).filter((subject) => subject === NEW).length;

  it('on a device that is not known is told by mail; the first one ever, and one on a known device, are not', async () => {
    const email = 'ada@example.com';
    await roster.join(email);
    await roster.signIn(email, PASSWORD);
    const elsewhere = await login(email).set('user-agent', 'Firefox/128.0 Linux').expect(200);
    const mail = await roster.inbox.about(email, /New sign-in/);
    expect(mail.text).toMatch(/Signed in on \d[^]*From Firefox \(Linux\), 127\.0\.0\.1/);
    // From now on it is known, by its cookie as well.
    await login(email, { deviceToken: String(elsewhere.body.deviceToken) }).expect(200);
    const [cookie = ''] = elsewhere.headers['set-cookie'] as unknown as string[];
    await login(email).set('cookie', cookie.split(';', 1)[0]!).expect(200);
    await quiet();
    expect(notices(email)).toBe(1);
  });

  it('with a device token of somebody else is one on a new device', async () => {
    await roster.join('bertha@example.com');
    const other = await roster.join('carl@example.com');
    expect(other.id).toBeDefined();
    const { body } = await login('carl@example.com').expect(200);
    await login('bertha@example.com', { deviceToken: String(body.deviceToken) }).expect(200);
    await roster.inbox.about('bertha@example.com', /New sign-in/);
  });

  it('by a mailed link is no different', async () => {
    const email = 'dora@example.com';
    await roster.join(email);
    await roster.api.post('/auth/magic-link/request').send({ email }).expect(202);
    const link = await roster.inbox.about(email, /^Sign in to/);
    await roster.api
      .post('/auth/magic-link')
      .send({ token: tokenIn(link) })
      .expect(200);
    await roster.inbox.about(email, /New sign-in/);
  });

  it('is told three times a day at most, whoever signs in how often', async () => {
    const email = 'often@example.com';
    await roster.join(email);
    await Promise.all(Array.from({ length: 6 }, () => login(email).expect(200)));
    await quiet();
    expect(notices(email)).toBe(3);
  });
});
