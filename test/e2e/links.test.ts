import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemContext } from '../../src/access/caller.js';
import { EndedLinks } from '../../src/auth/one-time-tokens/ended-links.js';
import { OneTimeTokens } from '../../src/auth/one-time-tokens/one-time-tokens.js';
import { Transactions } from '../../src/database/transaction.js';
import type { TokenPurpose } from '../../src/events/catalogue.js';
import { tokenIn } from '../support/inbox.js';
import { LINK_KINDS, LINK_NAMES, type LinkKind, type LinkName, pageOf, usedStatus, useLink } from '../support/links.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
let count = 0;
const fresh = () => `link${++count}@example.com`;
beforeAll(async () => {
  roster = await startRoster();
});
afterAll(() => roster.stop());

// As mail programs, providers of newsletters and people add them.
const TRACKING =
  'utm_source=x&utm_source=y&fbclid=IwAR0&gclid=&_hsenc=p2A&mc_cid=1&amp%3Butm_medium=mail&constructor=1';
const ENDS = ['%20', '.', '%3E', ')', ',', '%22', '%0D%0A', '%E2%80%8B', '%2E%20see%20above', '%5D.'];

describe.each(LINK_NAMES)('the link for %s', (name) => {
  const kind: LinkKind = LINK_KINDS[name];

  it('opens its page whatever else is in its address, and says no more of it', async () => {
    const { token } = await kind.mail(roster, fresh());
    const page = await roster.api.get(`${kind.path}?${TRACKING}&token=${token}`).set('accept', 'text/html').expect(200);
    expect(page.text).not.toMatch(/utm_source|IwAR0/);
    await roster.api.get(`${kind.path}?token=${token}&${TRACKING}`).set('accept', 'application/json').expect(200);
    // What is asked for is never a matter of guessing.
    await roster.api.get(`${kind.path}?token=${token}&token=${token}`).expect(400);
    await useLink(roster, name, token)
      .send({ utm_source: 'x' })
      .expect(400, /utm_source/);
  });

  it('opens its page and works with what stood around it in the mail', async () => {
    const { token } = await kind.mail(roster, fresh());
    for (const end of ENDS) {
      await roster.api.get(`${kind.path}?token=${token}${end}`).set('accept', 'text/html').expect(200);
    }
    const page = await roster.api.get(`${kind.path}?token=%3C${token}%3E.`).set('accept', 'text/html').expect(200);
    expect(page.text).not.toContain('&gt;.');
    await pageOf(roster, name, `${token}x`).expect(410);
    await pageOf(roster, name, `${token}${'.'.repeat(200)}`).expect(400);
    await useLink(roster, name, ` <${token}>, `).expect(usedStatus(name));
  });

  it('says to who holds it that it was used, and by a page what there is to do now', async () => {
    const { token } = await kind.mail(roster, fresh());
    await useLink(roster, name, token).expect(usedStatus(name));
    const again = await useLink(roster, name, token).expect(410);
    expect(again.body).toMatchObject({ code: kind.again, detail: expect.stringMatching(USED[name]) });
    const looked = await roster.api.get(kind.path).query({ token }).set('accept', 'application/json').expect(410);
    expect(looked.body).toMatchObject({ code: 'token-expired-or-used', detail: again.body.detail });
    const pages = [await pageOf(roster, name, token).expect(410)];
    // Signing in is done by a program: no page has a form for it.
    if (name !== 'magic-link') pages.push(await useLink(roster, name, token).type('form').expect(410));
    for (const { text } of pages) {
      expect(text).toMatch(USED_PAGE[name]);
      expect(text).not.toContain(token);
    }
    const german = await pageOf(roster, name, token).set('accept-language', 'de').expect(410);
    expect(german.text).toMatch(/bereits/);
  });

  it('says to who holds it that it has expired, also when there is a newer one', async () => {
    const { token, userId } = await kind.mail(roster, fresh());
    const move = (by: string) =>
      roster.database.query(`UPDATE one_time_tokens SET expires_at = now() ${by} WHERE user_id = $1`, [userId]);
    await move("- interval '1 second'");
    const expired = { code: 'token-expired-or-used', detail: 'This link has expired. Request a new one.' };
    expect((await useLink(roster, name, token).expect(410)).body).toMatchObject(expired);
    const page = await pageOf(roster, name, token).expect(410);
    expect(page.text).toMatch(/<p>This link has expired[^]*(action="\/auth\/|sign in and start again there)/);
    await askAgain(name, userId);
    expect((await useLink(roster, name, token).expect(410)).body).toMatchObject(expired);
  });

  it('says nothing of all that to who does not hold it', async () => {
    const { token, userId } = await kind.mail(roster, fresh());
    const forged = `${token.split('.', 1)[0]}.${'A'.repeat(43)}`;
    const answers = async () => {
      const { body } = await useLink(roster, name, forged).expect(410);
      const page = await pageOf(roster, name, forged).expect(410);
      const { traceId: _, ...said } = body as Record<string, unknown>;
      return { said, page: page.text };
    };
    const good = await answers();
    expect(good.said).toMatchObject({ code: 'token-expired-or-used' });
    await roster.database.query('UPDATE one_time_tokens SET expires_at = now() WHERE user_id = $1', [userId]);
    expect(await answers()).toEqual(good);
    await roster.database.query("UPDATE one_time_tokens SET expires_at = now() + interval '1 hour', used_at = now()");
    expect(await answers()).toEqual(good);
    await askAgain(name, userId);
    expect(await answers()).toEqual(good);
  });
});

const USED: Readonly<Record<LinkName, RegExp>> = {
  'verify-email': /already confirmed/,
  'confirm-email-change': /already confirmed/,
  'confirm-contact': /already confirmed/,
  invitation: /already accepted/,
  'magic-link': /already used to sign in/,
  'reset-password': /already used to set a new password/,
  unlock: /^The lockout that this link was sent for has ended/,
};
const USED_PAGE: Readonly<Record<LinkName, RegExp>> = {
  'verify-email': /<h1>Your email address is already confirmed<\/h1>[^]*You can sign in\./,
  'confirm-email-change': /<h1>Your email address is already confirmed<\/h1>[^]*You can sign in\./,
  'confirm-contact': /<h1>Your email address is already confirmed<\/h1>(?![^]*sign in)/,
  invitation: /<h1>You have already accepted the invitation<\/h1>[^]*You can sign in\./,
  'magic-link': /already used to sign in[^]*action="\/auth\/magic-link\/request"/,
  'reset-password': /already used to set a new password[^]*action="\/auth\/request-password-reset"/,
  unlock: /<h1>Your account is already unlocked<\/h1>[^]*Sign in now/,
};

const expire = (userId: string) =>
  roster.database.query('UPDATE one_time_tokens SET expires_at = now() WHERE user_id = $1', [userId]);

/** As when the same is asked for anew. */
async function askAgain(name: string, userId: string): Promise<void> {
  const tokens = roster.app.get(OneTimeTokens, { strict: false });
  const context = systemContext('test');
  const [row] = await roster.database.query<{ purpose: string }>(
    'SELECT purpose FROM one_time_tokens WHERE user_id = $1 AND split_part(purpose, $3, 1) = $2',
    [userId, name, ':'],
  );
  const subject = row!.purpose.split(':')[1] ?? '';
  await roster.app
    .get(Transactions, { strict: false })
    .run((tx) => tokens.issue(tx, userId, name as TokenPurpose, 3_600_000, context, subject));
}

describe('a link that a newer one has replaced', () => {
  it('says so to who holds it', async () => {
    const email = fresh();
    const { token, userId } = await LINK_KINDS['confirm-email-change'].mail(roster, email);
    const session = await roster.signIn(email, PASSWORD);
    const change = { newEmail: `other-${email}`, currentPassword: PASSWORD };
    const auth = { authorization: `Bearer ${session}` };
    await roster.api.put(`/users/${userId}/email`).set(auth).send(change).expect(202);
    const newer = tokenIn(await roster.inbox.waitFor(change.newEmail));

    const { body } = await useLink(roster, 'confirm-email-change', token).expect(410);
    expect(body).toMatchObject({
      code: 'token-expired-or-used',
      detail: 'A newer link was mailed after this one. Open the link in the latest mail, or request a new one.',
    });
    const page = await pageOf(roster, 'confirm-email-change', token).expect(410);
    expect(page.text).toMatch(/<p>A newer link was mailed after this one/);
    await useLink(roster, 'confirm-email-change', newer).expect(200);
  });
});

describe('a link that ended a lock', () => {
  it('does not say that the account is open once it is locked again', async () => {
    const email = fresh();
    const { token } = await LINK_KINDS.unlock.mail(roster, email);
    await useLink(roster, 'unlock', token).expect(200);
    for (let failure = 0; failure < 5; failure++) {
      await roster.api.post('/auth/login').send({ identifier: email, password: 'wrong' }).expect(401);
    }
    await roster.api.post('/auth/login').send({ identifier: email, password: PASSWORD }).expect(401);
    const { body } = await useLink(roster, 'unlock', token).expect(410);
    expect(body).toMatchObject({ detail: 'The lockout that this link was sent for has ended.' });
    const { text } = await pageOf(roster, 'unlock', token).expect(410);
    expect(text).toMatch(/<h1>Your account is already unlocked<\/h1>[^]*locked again[^]*the latest email/);
    expect(text).not.toMatch(/You can sign in|is unlocked/);
  });
});

describe('a link whose rest got lost', () => {
  it('is told so on a page, with a way to another one', async () => {
    for (const query of ['', '?utm_source=x']) {
      const page = await roster.api.get(`/auth/verify-email${query}`).set('accept', 'text/html').expect(400);
      expect(page.text).toMatch(/<h1>This link is not complete<\/h1>[^]*action="\/auth\/resend-verification"/);
      await roster.api
        .get(`/auth/verify-email${query}`)
        .set('accept', 'application/json')
        .expect(400, /validation-failed/);
    }
  });
});

describe('a link that is pressed twice at the same moment', () => {
  it.each(['verify-email', 'confirm-email-change', 'confirm-contact'] as const)(
    'confirms once and says so to the other: %s',
    async (name) => {
      const { token } = await LINK_KINDS[name].mail(roster, fresh());
      const answers = await Promise.all([1, 2, 3].map(() => useLink(roster, name, token)));
      const told = answers.map(({ status, body }) => (status === 410 ? (body as { code: string }).code : status));
      expect(told.sort()).toEqual([200, 'already-confirmed', 'already-confirmed']);
    },
  );
});

describe('ended links', () => {
  it('are forgotten after a month, and with their user', async () => {
    const { token, userId } = await LINK_KINDS['reset-password'].mail(roster, fresh());
    await expire(userId);
    await askAgain('reset-password', userId);
    const rows = () => roster.database.query('SELECT 1 FROM ended_links WHERE user_id = $1', [userId]);
    expect(await rows()).not.toEqual([]);
    await roster.database.query("UPDATE ended_links SET ended_at = now() - interval '31 days' WHERE user_id = $1", [
      userId,
    ]);
    await roster.app.get(EndedLinks, { strict: false }).forgetOld();
    expect(await rows()).toEqual([]);
    const { body } = await useLink(roster, 'reset-password', token).expect(410);
    expect(body.detail).toMatch(/used, replaced by a newer one, or has expired/);

    await expire(userId);
    await askAgain('reset-password', userId);
    const admin = { authorization: `Bearer ${await roster.signIn()}` };
    await roster.api.post(`/users/${userId}/erase`).set(admin).expect(204);
    expect(await rows()).toEqual([]);
  });
});
