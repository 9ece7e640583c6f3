import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MagicLinkCodes } from '../../src/auth/magic-link/magic-link-codes.js';
import { eventually } from '../support/eventually.js';
import { tokenIn } from '../support/inbox.js';
import type { Roster } from '../support/roster.js';
import { addTotp, freshCode, ticketOf } from '../support/totp.js';
import { TwoRosters } from '../support/two-rosters.js';

let two: TwoRosters;
let roster: Roster;
let count = 0;
const fresh = () => `code${++count}@example.com`;
beforeAll(async () => {
  two = await TwoRosters.start();
  roster = two.one;
});
afterAll(() => two.stop());

const CODE = /<p class="short-code whole" id="code-\d">([2-9A-HJKMNP-TV-Z]{4}-[2-9A-HJKMNP-TV-Z]{4})<\/p>/g;
const cookieIn = (headers: Record<string, unknown>): string =>
  ((headers['set-cookie'] ?? []) as string[]).find((cookie) => cookie.includes('roster-magic-link=')) ?? '';
const valueOf = (cookie: string): string => cookie.split(';', 1)[0]!;

/** A browser, with the cookie that it got when it asked for a link. */
class Browser {
  cookie = '';

  constructor(private readonly agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0') {}

  async ask(email: string, at = roster): Promise<this> {
    const { headers } = await at.api
      .post('/auth/magic-link/request')
      .set({ cookie: this.cookie, 'user-agent': this.agent })
      .send({ email })
      .expect(202);
    this.cookie = valueOf(cookieIn(headers));
    await jobsDone();
    return this;
  }

  async codesAt(token: string): Promise<string[]> {
    const page = await roster.api
      .get('/auth/magic-link')
      .query({ token })
      .set({ cookie: this.cookie, accept: 'text/html' })
      .expect(200);
    return [...page.text.matchAll(CODE)].map(([, code]) => code!);
  }

  enter(code: string, at = roster, more: object = {}) {
    return at.api
      .post('/auth/magic-link/code')
      .set('cookie', this.cookie)
      .send({ code, ...more });
  }
}

const jobsDone = () =>
  eventually(async () => {
    const sql = "SELECT 1 FROM graphile_worker.jobs WHERE task_identifier = 'auth.request-link'";
    return (await roster.database.query(sql)).length === 0;
  });
const linkTo = async (email: string) => tokenIn(await roster.inbox.about(email, /sign in/i));
const aMinuteLater = () => roster.database.query('DELETE FROM address_throttle');
const sessionsOf = async (email: string) =>
  (
    await roster.database.query(
      'SELECT 1 FROM sessions JOIN users ON users.id = user_id WHERE email = $1 AND ended_at IS NULL',
      [email],
    )
  ).length;
const PHONE = new Browser(
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1',
);

describe('the code of a sign-in link', () => {
  it('signs in where the link was asked for, typed from the page that another browser opened', async () => {
    const email = fresh();
    const laptop = await new Browser().ask(email);
    const [code] = await PHONE.codesAt(await linkTo(email));
    const typed = ` ${code!.toLowerCase().replace('-', ' ')} `;
    const answer = await laptop.enter(typed, two.other, { session: 'cookie' }).expect(200);
    expect(answer.body).toMatchObject({ user: { email, emailVerified: true } });
    expect(answer.body).not.toHaveProperty('accessToken');
    const cookies = answer.headers['set-cookie'] as unknown as string[];
    expect(cookies.find((cookie) => cookie.startsWith('roster-session='))).toMatch(/HttpOnly; SameSite=Lax/);
    // The browser need not keep what was good for one link.
    expect(cookieIn(answer.headers)).toMatch(/^roster-magic-link=; .*Max-Age=0/);
    const evidence = await roster.database.query(
      `SELECT type, method FROM auth_events JOIN users ON users.id = user_id WHERE email = $1`,
      [email],
    );
    expect(evidence).toEqual([{ type: 'login.succeeded', method: 'magic-link' }]);
  });

  it('of 16 at once over two servers starts one session', async () => {
    const email = fresh();
    const laptop = await new Browser().ask(email);
    const [code] = await PHONE.codesAt(await linkTo(email));
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, n) => laptop.enter(code!, n % 2 ? two.one : two.other)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 15 }, () => 401)]);
    expect(await sessionsOf(email)).toBe(1);
  });

  it('and its link, 16 at once, start one session, and the one ends the other', async () => {
    const email = fresh();
    const laptop = await new Browser().ask(email);
    const token = await linkTo(email);
    const [code] = await PHONE.codesAt(token);
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, n) =>
        n % 2 ? laptop.enter(code!, two.other) : roster.api.post('/auth/magic-link').send({ token }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await sessionsOf(email)).toBe(1);

    const other = fresh();
    const used = await new Browser().ask(other);
    const link = await linkTo(other);
    const [late] = await PHONE.codesAt(link);
    await roster.api.post('/auth/magic-link').send({ token: link }).expect(200);
    await used.enter(late!).expect(401, /invalid-code/);
    await aMinuteLater();
    await used.ask(other);
    const [next] = await PHONE.codesAt(await otherLinkTo(other, link));
    await used.enter(late!).expect(401);
    await used.enter(next!).expect(200);
    await roster.api
      .post('/auth/magic-link')
      .send({ token: await linkTo(other) })
      .expect(410);
  });

  it('is of no use in a browser that did not ask for the link', async () => {
    const email = fresh();
    const laptop = await new Browser().ask(email);
    const [code] = await PHONE.codesAt(await linkTo(email));
    await new Browser().enter(code!).expect(401, /invalid-code/);
    await (await new Browser().ask(fresh())).enter(code!).expect(401, /invalid-code/);
    // Two of one name, one of which a neighbouring host has planted.
    const both = new Browser();
    both.cookie = `${laptop.cookie}; ${laptop.cookie.slice(0, -1)}A`;
    await both.enter(code!).expect(401, /invalid-code/);
    await laptop.enter(code!).expect(200);
  });

  it('is dead after five wrong ones, and asking anew makes another; 64 guesses at once are five', async () => {
    const email = fresh();
    const laptop = await new Browser().ask(email);
    const token = await linkTo(email);
    const [code] = await PHONE.codesAt(token);
    for (let tries = 0; tries < 4; tries++) await laptop.enter('2222-2222').expect(401, /invalid-code/);
    // A page of another site uses up none.
    const evil = { origin: 'https://evil.example.com', 'sec-fetch-site': 'same-site' };
    await laptop
      .enter('2222-2222')
      .set(evil)
      .expect(403, /cross-site-request/);
    await laptop.enter('no code at all').expect(401, /invalid-code/);
    // Its owner sees that somebody tried.
    const failed = await roster.database.query(
      `SELECT DISTINCT type, method, reason FROM auth_events JOIN users ON users.id = user_id WHERE email = $1`,
      [email],
    );
    expect(failed).toEqual([{ type: 'login.failed', method: 'magic-link', reason: 'wrong-proof' }]);
    await laptop.enter(code!).expect(401, /invalid-code/);
    expect(await PHONE.codesAt(token)).toEqual([]);
    await laptop.ask(email);
    const [another] = await PHONE.codesAt(token);
    expect(another).not.toBe(code);
    await Promise.all(
      Array.from({ length: 64 }, (_, n) => laptop.enter('3333-3333', n % 2 ? two.one : two.other).expect(401)),
    );
    const [row] = await roster.database.query<{ tries: number }>(
      'SELECT tries FROM magic_link_requests JOIN users ON users.id = user_id WHERE email = $1',
      [email],
    );
    expect(row).toEqual({ tries: 5 });
    await laptop.enter(another!).expect(401, /invalid-code/);
    // The link itself goes on.
    await roster.api.post('/auth/magic-link').send({ token }).expect(200);
  });

  it('of each browser that asked for the same address opens that browser alone, also for one mail', async () => {
    const email = fresh();
    await roster.join(email);
    const laptop = await new Browser().ask(email);
    const stranger = await new Browser('curl/8.5.0').ask(email, two.other);
    // Within a minute there is one mail: the page says which code is for whom.
    const mails = roster.inbox.to(email).filter(({ email: { subject } }) => /sign in/i.test(subject ?? ''));
    expect(mails.length).toBeLessThanOrEqual(1);
    const token = await linkTo(email);
    const [ofStranger, ofLaptop] = await PHONE.codesAt(token);
    expect(await laptop.codesAt(token)).toEqual([ofLaptop]);
    expect(await stranger.codesAt(token)).toEqual([ofStranger]);
    const page = await roster.api.get('/auth/magic-link').query({ token }).set('accept', 'text/html').expect(200);
    expect(page.text).toMatch(/Firefox \(Linux\)/);
    await stranger.enter(ofLaptop!).expect(401, /invalid-code/);
    for (let tries = 0; tries < 4; tries++) await stranger.enter('2222-2222').expect(401);
    // What a rival has used up ends nothing of the owner's.
    await laptop.enter(ofStranger!).expect(401);
    await laptop.enter(ofLaptop!).expect(200);
    await stranger.enter(ofStranger!).expect(401);
  });

  it('is shown to the browser that asked, however many others have asked since', async () => {
    const email = fresh();
    const laptop = await new Browser().ask(email);
    const token = await linkTo(email);
    const [own] = await laptop.codesAt(token);
    for (let others = 0; others < 6; others++) await new Browser().ask(email);
    expect(await laptop.codesAt(token)).toEqual([own]);
    expect(await new Browser().codesAt(token)).toHaveLength(5);
  });

  it('ends with its link: expired, revoked, or of a suspended account', async () => {
    const ends: Record<string, (email: string, id: string) => Promise<unknown>> = {
      expired: (_email, id) =>
        roster.database.query('UPDATE one_time_tokens SET expires_at = now() WHERE user_id = $1', [id]),
      revoked: async (email) => {
        await roster.api.post('/auth/request-password-reset').send({ email }).expect(202);
        const token = tokenIn(await roster.inbox.about(email, /password/i));
        const newPassword = 'seven idle boats on slate water';
        await roster.api.post('/auth/reset-password').send({ token, newPassword }).expect(204);
      },
      suspended: async (_email, id) => {
        const admin = await roster.signIn();
        await roster.api
          .post(`/users/${id}/suspend`)
          .set({ authorization: `Bearer ${admin}` })
          .send({})
          .expect(200);
      },
    };
    for (const end of Object.values(ends)) {
      const email = fresh();
      const { id } = await roster.join(email);
      const laptop = await new Browser().ask(email);
      const [code] = await PHONE.codesAt(await linkTo(email));
      await end(email, id);
      await laptop.enter(code!).expect(401, /invalid-code/);
    }
  });

  it('is the first step of somebody with a second factor, and no more', async () => {
    const email = fresh();
    const { id, token } = await roster.join(email);
    const { secret } = await addTotp(roster, token);
    const laptop = await new Browser().ask(email);
    const [code] = await PHONE.codesAt(await linkTo(email));
    const before = await sessionsOf(email);
    const first = await laptop.enter(code!, roster, { session: 'cookie' });
    const ticket = ticketOf(first);
    expect(await sessionsOf(email)).toBe(before);
    // The ticket is of the browser that has its cookie.
    const second = { token: ticket, method: 'totp', code: await freshCode(roster, secret, id), session: 'cookie' };
    const cookies = (first.headers['set-cookie'] as unknown as string[]).map(valueOf).join('; ');
    const done = await roster.api.post('/auth/second-factor').set('cookie', cookies).send(second).expect(200);
    expect(String(done.headers['set-cookie'])).toMatch(/roster-session=/);
    await laptop.enter(code!).expect(401, /invalid-code/);
  });

  it('can be had by an app without cookies, which proves with its verifier that it asked (RFC 7636)', async () => {
    const email = fresh();
    const codeVerifier = randomBytes(32).toString('base64url');
    const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');
    const asked = await roster.api.post('/auth/magic-link/request').send({ email, codeChallenge }).expect(202);
    expect(asked.headers).not.toHaveProperty('set-cookie');
    const [code] = await PHONE.codesAt(await linkTo(email));
    const enter = (more: object) => roster.api.post('/auth/magic-link/code').send({ code, ...more });
    await enter({}).expect(401, /invalid-code/);
    await enter({ codeVerifier: randomBytes(32).toString('base64url') }).expect(401, /invalid-code/);
    // The challenge is no secret.
    await enter({ codeVerifier: codeChallenge }).expect(401, /invalid-code/);
    await enter({ codeVerifier: 'short' }).expect(400);
    expect((await enter({ codeVerifier }).expect(200)).body).toMatchObject({ tokenType: 'Bearer', user: { email } });
  });

  it('is forgotten with its link, and what is kept until then is in the export of its owner', async () => {
    const email = fresh();
    const { id, token } = await roster.join(email);
    const askers = () => roster.database.query('SELECT 1 FROM magic_link_requests WHERE user_id = $1', [id]);
    await new Browser().ask(email);
    await new Browser().ask(email);
    const { body } = await roster.api
      .get(`/users/${id}/export`)
      .set({ authorization: `Bearer ${token}` })
      .expect(200);
    expect((body as { data: { linkRequests: object[] } }).data.linkRequests).toEqual(
      Array.from({ length: 2 }, () => ({
        requestedAt: expect.any(String),
        requestedFrom: '127.0.0.1',
        requestedBy: expect.stringContaining('Firefox'),
      })),
    );
    const codes = roster.app.get(MagicLinkCodes, { strict: false });
    await codes.forgetOld();
    expect(await askers()).toHaveLength(2);
    await roster.api
      .post('/auth/magic-link')
      .send({ token: await linkTo(email) })
      .expect(200);
    await codes.forgetOld();
    expect(await askers()).toEqual([]);
  });

  it('is nowhere at rest, nor is the value of the cookie', async () => {
    const email = fresh();
    const laptop = await new Browser().ask(email);
    const [code] = await PHONE.codesAt(await linkTo(email));
    const rows = await roster.database.query<{ all: string }>(
      `SELECT (SELECT string_agg(t::text, '|') FROM magic_link_requests t) || (SELECT string_agg(t::text, '|') FROM one_time_tokens t)
         || coalesce((SELECT string_agg(t::text, '|') FROM graphile_worker._private_jobs t), '') AS all`,
    );
    const secret = laptop.cookie.split('=')[1]!;
    for (const part of [code!, code!.replace('-', ''), secret, Buffer.from(secret, 'base64url').toString('hex')]) {
      expect(rows[0]!.all).not.toContain(part);
    }
    expect(laptop.cookie).toMatch(/^roster-magic-link=[A-Za-z0-9_-]{43}$/);
  });
});

describe('asking for a link', () => {
  it('answers alike whether or not there is such an account, and so does a code (ASVS V6.3.8)', async () => {
    const known = fresh();
    await roster.join(known);
    const suspended = fresh();
    const { id } = await roster.join(suspended);
    const admin = await roster.signIn();
    await roster.api
      .post(`/users/${id}/suspend`)
      .set({ authorization: `Bearer ${admin}` })
      .send({})
      .expect(200);
    const answers = [];
    const codes = [];
    for (const email of [known, suspended, fresh(), 'no.such@localhost']) {
      const answer = await roster.api.post('/auth/magic-link/request').send({ email }).expect(202);
      const cookie = cookieIn(answer.headers);
      const { date: _date, 'x-trace-id': _trace, 'set-cookie': _cookies, ...headers } = answer.headers;
      answers.push({ text: answer.text, headers, cookie: cookie.replace(/=[^;]{43};/, '=...;') });
      await jobsDone();
      const tried = await roster.api
        .post('/auth/magic-link/code')
        .set('cookie', valueOf(cookie))
        .send({ code: '2222-2222' });
      const { traceId: _id, ...body } = tried.body as Record<string, unknown>;
      codes.push({ status: tried.status, body });
    }
    const never = await roster.api.post('/auth/magic-link/code').send({ code: '2222-2222' });
    const { traceId: _id, ...body } = never.body as Record<string, unknown>;
    codes.push({ status: never.status, body });
    for (const list of [answers, codes]) for (const one of list) expect(one).toEqual(list[0]);
    expect(answers[0]!.cookie).toBe('roster-magic-link=...; Path=/; Max-Age=1800; HttpOnly; SameSite=Lax');
  });

  it('by a page of another site leaves no cookie, and the browser that asks twice keeps its code', async () => {
    const email = fresh();
    const foreign = await roster.api
      .post('/auth/magic-link/request')
      .set({ origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' })
      .type('form')
      .send({ email })
      .expect(202);
    expect(foreign.headers).not.toHaveProperty('set-cookie');
    const laptop = await new Browser().ask(email);
    const before = laptop.cookie;
    const token = await linkTo(email);
    const [code] = await PHONE.codesAt(token);
    await laptop.ask(email);
    expect(laptop.cookie).toBe(before);
    expect(await PHONE.codesAt(token)).toEqual([code]);
    await laptop.enter(code!).expect(200);
  });
});

/** The link of the newest mail, once it is another one. */
async function otherLinkTo(email: string, token: string): Promise<string> {
  await eventually(async () => (await linkTo(email)) !== token);
  return linkTo(email);
}
