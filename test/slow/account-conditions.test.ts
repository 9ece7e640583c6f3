import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Retention } from '../../src/users/erasure/retention.js';
import { eventually } from '../support/eventually.js';
import { type ReceivedMail, tokenIn } from '../support/inbox.js';
import { CHOSEN, forgetThrottle } from '../support/links.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
let admin: string;
let count = 0;
const fresh = () => `condition${++count}@example.com`;
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
});
afterAll(() => roster.stop());

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const remove = (id: string, token: string) => roster.api.delete(`/users/${id}`).set(as(token)).expect(204);
const login = (identifier: string, password = PASSWORD) =>
  roster.api.post('/auth/login').send({ identifier, password });

/** What was asked for has been done, and the mails that are due have left. */
const quiet = () =>
  eventually(async () => {
    const waiting = await roster.database.query(
      // An erasure is repeated after minutes.
      `SELECT 1 FROM graphile_worker._private_jobs WHERE run_at < now() + interval '1 minute'
       UNION ALL SELECT 1 FROM mails WHERE state = 'queued'`,
    );
    return waiting.length === 0;
  });

/** The mails to an address that `work` brings about. */
async function mailsFor(email: string, work: () => Promise<unknown>): Promise<ReceivedMail[]> {
  await quiet();
  await forgetThrottle(roster);
  const before = roster.inbox.to(email).length;
  await work();
  await quiet();
  return roster.inbox.to(email).slice(before);
}

const REQUESTS = {
  registers: (email: string) => roster.api.post('/auth/register').send({ email, password: CHOSEN }),
  'asks for a fresh link': (email: string) => roster.api.post('/auth/resend-verification').send({ email }),
  'asks for a new password': (email: string) => roster.api.post('/auth/request-password-reset').send({ email }),
  'asks for a link to sign in': (email: string) => roster.api.post('/auth/magic-link/request').send({ email }),
};
type Request = keyof typeof REQUESTS;

const CONFIRM = /CONFIRM YOUR EMAIL ADDRESS/;
const INVITED = /YOU ARE INVITED[^]*token=/;
const RESET = /CHOOSE A NEW PASSWORD(?![^]*suspended)/;
const SIGN_IN = /^[^]*SIGN IN\n[^]*This link signs you in/;
const SUSPENDED = /YOU CANNOT SIGN IN AT THE MOMENT[^]*it is suspended[^]*Suspended on/;
const DELETED = /YOU CANNOT SIGN IN AT THE MOMENT[^]*was deleted on[^]*an administrator can restore it/;
const RESTORE = /YOUR ACCOUNT IS DELETED[^]*You deleted your account on[^]*\/auth\/restore-account\?token=/;

interface Condition {
  readonly who: string;
  readonly make: (email: string) => Promise<unknown>;
  /** The mail to each request, in their order; null where there is none. */
  readonly mails: readonly [RegExp | null, RegExp | null, RegExp | null, RegExp | null];
}

const CONDITIONS: Condition[] = [
  { who: 'nobody', make: () => Promise.resolve(), mails: [CONFIRM, null, null, SIGN_IN] },
  {
    who: 'somebody whose registration waits',
    make: (email) => REQUESTS.registers(email).expect(202),
    mails: [CONFIRM, CONFIRM, null, SIGN_IN],
  },
  {
    who: 'somebody who was invited',
    make: (email) => roster.api.post('/users').set(as(admin)).send({ email }).expect(201),
    mails: [INVITED, INVITED, RESET, SIGN_IN],
  },
  {
    who: 'somebody who can sign in',
    make: (email) => roster.join(email),
    mails: [/YOU ALREADY HAVE AN ACCOUNT[^]*You can sign in right away/, null, RESET, SIGN_IN],
  },
  {
    who: 'somebody who is locked',
    make: async (email) => {
      await roster.join(email);
      for (let failure = 0; failure < 5; failure++) await login(email, 'wrong').expect(401);
    },
    mails: [/YOU ALREADY HAVE AN ACCOUNT(?![^]*right away)[^]*it is locked for a few/, null, RESET, SIGN_IN],
  },
  {
    who: 'somebody who is suspended',
    make: async (email) => {
      const { id } = await roster.join(email);
      await roster.api.post(`/users/${id}/suspend`).set(as(admin)).send({}).expect(200);
    },
    mails: [SUSPENDED, null, /CHOOSE A NEW PASSWORD[^]*Your account is suspended/, SUSPENDED],
  },
  {
    who: 'somebody who deleted the account',
    make: async (email) => {
      const { id, token } = await roster.join(email);
      await remove(id, token);
    },
    mails: [RESTORE, null, RESTORE, RESTORE],
  },
  {
    who: 'somebody whose account an administrator deleted',
    make: async (email) => remove((await roster.join(email)).id, admin),
    mails: [DELETED, null, DELETED, DELETED],
  },
  {
    who: 'an account that was deleted with the password that a colleague gave it, whose address nobody has proved',
    make: async (email) => {
      const { body } = await roster.api.post('/users').set(as(admin)).send({ email, password: CHOSEN }).expect(201);
      await remove((body as { id: string }).id, await roster.signIn(email, CHOSEN));
    },
    mails: [DELETED, null, DELETED, DELETED],
  },
  {
    who: 'a manager who deleted the account, whose rights an administrator gives',
    make: async (email) => {
      const { id, token } = await roster.join(email);
      await roster.api.put(`/users/${id}/role`).set(as(admin)).send({ role: 'MANAGER' }).expect(200);
      await remove(id, token);
    },
    mails: [DELETED, null, DELETED, DELETED],
  },
];

describe.each(CONDITIONS)('to the address of $who', ({ make, mails }) => {
  it.each(Object.keys(REQUESTS).map((request, index) => [request as Request, mails[index]] as const))(
    'when somebody %s, the mail says what is so: %s',
    async (request, says) => {
      const email = fresh();
      await make(email);
      const sent = await mailsFor(email, () => REQUESTS[request](email).expect(202));
      expect(sent.map(({ text }) => text)).toEqual(says === null ? [] : [expect.stringMatching(says ?? '')]);
    },
  );
});

describe('the mail to the owner of an address that another account wants', () => {
  it.each([
    ['open', /If this was you, sign in with this address/],
    ['suspended', /That account is suspended(?![^]*sign in with this address)/],
    ['deleted', /That account is deleted(?![^]*sign in with this address)[^]*request a new password/],
  ])('says what is so of an account that is %s', async (condition, says) => {
    const email = fresh();
    const { id, token } = await roster.join(email);
    if (condition === 'suspended') await roster.api.post(`/users/${id}/suspend`).set(as(admin)).send({}).expect(200);
    if (condition === 'deleted') await remove(id, token);
    const other = await roster.join(fresh());
    const change = { newEmail: email, currentPassword: PASSWORD };
    const ask = () => roster.api.put(`/users/${other.id}/email`).set(as(other.token)).send(change).expect(202);
    expect((await mailsFor(email, ask)).map(({ text }) => text)).toEqual([expect.stringMatching(says)]);
  });
});

describe('a mail that waited', () => {
  it('says what is so when it leaves, and does not leave when there is nothing to say any more', async () => {
    const email = fresh();
    const { id, token } = await roster.join(email);
    await remove(id, token);
    await quiet();
    await forgetThrottle(roster);
    await roster.inbox.down();
    await REQUESTS['asks for a link to sign in'](email).expect(202);
    await eventually(async () => {
      // It was tried in vain, and is not in hand any more.
      const waiting = await roster.database.query(
        `SELECT 1 FROM mails WHERE template = 'account-unavailable' AND user_id = $1 AND attempts > 0 AND state = 'queued'`,
        [id],
      );
      return waiting.length === 1;
    });
    await roster.api.post(`/users/${id}/restore`).set(as(admin)).expect(200);
    await roster.inbox.up();
    await roster.database.query("UPDATE mails SET due_at = now() WHERE state = 'queued'");
    await quiet();
    const texts = roster.inbox.to(email).map(({ text }) => text);
    expect(texts.filter((text) => /AT THE MOMENT|tried to sign in/.test(text))).toEqual([]);
  });
});

describe('a link to restore an account', () => {
  const comeBack = async (): Promise<{ id: string; email: string; link: string; token: string }> => {
    const email = fresh();
    const { id, token } = await roster.join(email, { firstName: 'Ada' });
    await remove(id, token);
    const [mail] = await mailsFor(email, () => REQUESTS['asks for a new password'](email).expect(202));
    return { id, email, token, link: tokenIn(mail!) };
  };
  const use = (token: string) => roster.api.post('/auth/restore-account').send({ token });
  const page = (token: string) => roster.api.get('/auth/restore-account').query({ token }).set('accept', 'text/html');

  it('brings back what was there, with its password, signed in nowhere, once', async () => {
    const { id, email, token, link } = await comeBack();
    const shown = await page(link).expect(200);
    expect(shown.text).toMatch(/You deleted it on[^]*action="\/auth\/restore-account"/);
    expect(shown.text).toContain(email);
    await login(email).expect(401);
    const done = await use(link).type('form').expect(200);
    expect(done.text).toMatch(/Your account has been restored[^]*You can sign in now/);

    await roster.api.get('/users/me').set(as(token)).expect(401);
    const { body } = await login(email).expect(200);
    expect(body.user).toMatchObject({ id, email, firstName: 'Ada', status: 'ACTIVE' });
    const history = await roster.api.get(`/users/${id}/history`).set(as(admin)).expect(200);
    expect((history.body as { items: object[] }).items).toContainEqual(
      expect.objectContaining({ type: 'user.restored', actor: expect.objectContaining({ kind: 'anonymous' }) }),
    );
    expect((await roster.inbox.about(email, /restored/)).text).toMatch(/You can sign in again/);
    expect((await use(link).expect(410)).body).toMatchObject({
      code: 'token-expired-or-used',
      detail: expect.stringMatching(/already restored/),
    });
    expect((await page(link).expect(410)).text).toMatch(/Your account is already restored[^]*You can sign in/);
  });

  it('promises no password to an account that has none', async () => {
    const email = fresh();
    await mailsFor(email, () => REQUESTS['asks for a link to sign in'](email).expect(202));
    const magic = tokenIn(await roster.inbox.waitFor(email));
    const { body } = await roster.api.post('/auth/magic-link').send({ token: magic }).expect(200);
    const { accessToken, user } = body as { accessToken: string; user: { id: string } };
    await remove(user.id, accessToken);
    const [mail] = await mailsFor(email, () => REQUESTS['asks for a link to sign in'](email).expect(202));
    const done = await use(tokenIn(mail!)).type('form').expect(200);
    for (const text of [mail!.text, done.text]) expect(text).not.toMatch(/password/i);
  });

  it('works once of eight at the same moment', async () => {
    const { id, link } = await comeBack();
    const answers = await Promise.all(Array.from({ length: 8 }, () => use(link)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 7 }, () => 410)]);
    const events = await roster.database.query(
      "SELECT 1 FROM user_events WHERE user_id = $1 AND type = 'user.restored'",
      [id],
    );
    expect(events).toHaveLength(1);
  });

  it('is dead once an administrator restored the account, also after it is deleted again', async () => {
    const { id, email, link } = await comeBack();
    await roster.api.post(`/users/${id}/restore`).set(as(admin)).expect(200);
    await use(link).expect(410, /already restored/);
    await remove(id, await roster.signIn(email, PASSWORD));
    await use(link).expect(410, /The account was deleted/);
    expect((await page(link).expect(410)).text).toMatch(/The account was deleted[^]*Email me what I can do/);
    await remove((await roster.join(fresh())).id, admin);
  });

  it('opens nothing for who was suspended or promoted before, nor after the time that the account is kept', async () => {
    for (const change of [
      'suspended_at = now()',
      "role = 'MANAGER'",
      "deleted_at = now() - interval '30 days 1 minute'",
    ]) {
      const { id, link } = await comeBack();
      await roster.database.query(`UPDATE users SET ${change} WHERE id = $1`, [id]);
      await page(link).expect(410);
      await use(link).expect(410);
    }
    await roster.app.get(Retention, { strict: false }).eraseDue();
  });

  it('leaves answers and their headers alike for an address that is free, taken, and of a deleted account (ASVS V6.3.8)', async () => {
    const taken = fresh();
    await roster.join(taken);
    const { email: deleted } = await comeBack();
    for (const request of Object.values(REQUESTS)) {
      const answers: object[] = [];
      for (const email of [fresh(), taken, deleted]) {
        const { text, headers } = await request(email).expect(202);
        const { date: _date, 'x-trace-id': _trace, ...rest } = headers as Record<string, string>;
        const { 'set-cookie': cookies = [], ...fixed } = rest as { 'set-cookie'?: string[] };
        // The value is another for everybody.
        answers.push({
          text,
          headers: fixed,
          cookies: cookies.map((cookie) => cookie.replace(/=[\w-]{43};/, '=<value>;')),
        });
      }
      expect(answers).toEqual(answers.map(() => answers[0]));
    }
  });
});
