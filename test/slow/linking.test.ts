import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  ACCOUNT_STATES,
  type AccountState,
  EMAIL_CLAIMS,
  linkingOutcome,
  type LinkingOutcome,
} from '../../src/auth/providers/linking-rules.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { tokenIn } from '../support/inbox.js';
import { PageBrowser } from '../support/page-browser.js';
import { ProviderRound, sessionOf } from '../support/provider-round.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { textOf } from '../support/visitor.js';

const callbackOf = (id: string) => `http://localhost:3000/auth/providers/${id}/callback`;

let roster: Roster;
let admin: string;
const providers: Record<'trusted' | 'other', IdentityProvider> = {} as never;
beforeAll(async () => {
  providers.trusted = await IdentityProvider.start([callbackOf('trusted')]);
  providers.other = await IdentityProvider.start([callbackOf('other')]);
  roster = await startRoster({
    PROVIDERS: 'trusted,other',
    ...providers.trusted.settings('trusted'),
    ...providers.other.settings('other'),
    OTHER_NAME: 'Other & Sons',
    TRUSTED_EMAIL_PROVIDERS: 'trusted',
  });
  admin = await roster.signIn();
});
afterAll(async () => {
  await roster.stop();
  await Promise.all(Object.values(providers).map((provider) => provider.stop()));
});

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const login = (identifier: string) => roster.api.post('/auth/login').send({ identifier, password: PASSWORD });

/** Makes the account that a case begins with. @returns its id, if there is one that somebody owns */
const MAKE: Readonly<Record<AccountState, (email: string) => Promise<string | undefined>>> = {
  none: () => Promise.resolve(undefined),
  pending: async (email) => {
    await roster.api.post('/auth/register').send({ email, password: PASSWORD }).expect(202);
    return undefined;
  },
  unproved: async (email) => {
    // By a colleague, who knows the password.
    const { body } = await roster.api.post('/users').set(as(admin)).send({ email, password: PASSWORD }).expect(201);
    return (body as { id: string }).id;
  },
  proved: async (email) => (await roster.join(email)).id,
  suspended: async (email) => {
    const { id } = await roster.join(email);
    await roster.api.post(`/users/${id}/suspend`).set(as(admin)).send({}).expect(200);
    return id;
  },
  deleted: async (email) => {
    const { id } = await roster.join(email);
    await roster.api.delete(`/users/${id}`).set(as(admin)).expect(204);
    return id;
  },
};

/** Where the browser is led. */
const LEADS: Readonly<Record<LinkingOutcome, string>> = {
  register: '/sign-in/complete',
  link: '/sign-in/complete',
  prove: '/sign-in/complete',
  confirm: '/sign-up/sent',
  'sign-in-first': 'sign-in-first',
  refuse: 'refused',
  'no-address': 'no-address',
};

const CASES = EMAIL_CLAIMS.flatMap((claim) =>
  ACCOUNT_STATES.flatMap((account) =>
    (['trusted', 'other'] as const).map((provider) => ({ claim, account, provider })),
  ),
);

describe('somebody who is linked to nobody', () => {
  it.each(CASES)(
    'with an address that is $claim, of an account that is $account, at $provider',
    async ({ claim, account, provider }) => {
      const email = `${claim}-${account}-${provider}@example.com`;
      const owner = await MAKE[account](email);
      const outcome = linkingOutcome(claim, provider === 'trusted', account);
      const person = { sub: email, ...(claim !== 'none' && { email, email_verified: claim === 'verified' }) };
      const browser = new PageBrowser(roster);
      const { location = '' } = await new ProviderRound(roster, provider, providers[provider]).signIn(person, browser);
      expect(new URL(location, 'http://localhost').searchParams.get('problem') ?? location).toBe(LEADS[outcome]);
      const isIn = LEADS[outcome] === '/sign-in/complete';
      expect(browser.cookies.has('roster-session')).toBe(isIn);
      const linked = await roster.database.query<{ user_id: string }>(
        'SELECT user_id FROM identities WHERE subject = $1',
        [email],
      );
      if (outcome === 'refuse' || outcome === 'no-address') expect(linked).toHaveLength(0);
      if (isIn) {
        const { user } = await sessionOf(roster, browser);
        expect(user).toMatchObject({ email, emailVerified: true, status: 'ACTIVE' });
        expect(linked).toEqual([{ user_id: user.id }]);
        if (owner !== undefined) expect(user.id).toBe(owner);
      }
      // An owner who chose the password keeps it; one that somebody else chose dies with the proof of the address.
      if (account === 'proved') await login(email).expect(200);
      if (outcome === 'prove') await login(email).expect(401);
      // Nobody owns another account because of this.
      const rows = await roster.database.query('SELECT FROM users WHERE email_key = $1 AND NOT pending', [email]);
      expect(rows).toHaveLength(owner !== undefined || outcome === 'register' ? 1 : 0);
      if (outcome === 'confirm' && owner !== undefined) expect(linked).not.toContainEqual({ user_id: owner });
    },
  );
});

describe('a registration that waits', () => {
  const round = () => new ProviderRound(roster, 'other', providers.other);

  it('is confirmed by its mail, and signs in with the provider from then on', async () => {
    const person = { sub: 'waits', email: 'waits@example.com', email_verified: true };
    const browser = new PageBrowser(roster);
    await round().signIn(person, browser);
    // Who comes again meanwhile waits on.
    expect((await round().signIn(person)).location).toBe('/sign-up/sent');
    const token = tokenIn(await roster.inbox.waitFor('waits@example.com'));
    // In the browser that registered: another one would set a password, and unlink the provider.
    expect((await browser.post('/auth/verify-email', { token })).status).toBe(200);
    expect((await round().signIn(person)).location).toBe('/sign-in/complete');
  });

  it.each([
    [
      'en',
      'You signed up with Other & Sons.',
      'Other &amp; Sons is therefore unlinked',
      'and you signed up with Other',
    ],
    [
      'de',
      'Sie haben sich mit Other & Sons registriert.',
      'Die Verknüpfung mit Other &amp; Sons wird deshalb gelöst',
      'und Sie sich mit Other',
    ],
  ])(
    'says in its mail and on its page with which provider it was made (%s)',
    async (language, mailed, strange, own) => {
      const email = `told-${language}@example.com`;
      const browser = new PageBrowser(roster);
      browser.headers = { 'accept-language': language };
      await round().signIn({ sub: email, email }, browser);
      const mail = await roster.inbox.waitFor(email);
      expect(mail.text.replaceAll('\n', ' ')).toContain(mailed);
      expect(mail.email.html).toContain('<bdi>Other &amp; Sons</bdi>');
      const token = tokenIn(mail);
      expect(textOf(await browser.open(`/auth/verify-email?token=${token}`))).toContain(own);
      const elsewhere = new PageBrowser(roster);
      elsewhere.headers = browser.headers;
      expect(textOf(await elsewhere.post('/auth/verify-email', { token }))).toContain(strange);
      // A registration without one says nothing of that.
      await MAKE.pending(`plain-${language}@example.com`);
      expect((await roster.inbox.waitFor(`plain-${language}@example.com`)).text).not.toContain('signed up with');
    },
  );

  it('leaves the link of another one good', async () => {
    await MAKE.pending('rival@example.com');
    const token = tokenIn(await roster.inbox.waitFor('rival@example.com'));
    await round().signIn({ sub: 'rival', email: 'rival@example.com', email_verified: false });
    const { body } = await roster.api
      .get(`/auth/verify-email?token=${token}`)
      .set('accept', 'application/json')
      .expect(200);
    // Others claim the address now, so that the password is chosen anew.
    expect(body).toMatchObject({ newPasswordRequired: true });
  });

  it('dies once a provider has proved the address for somebody', async () => {
    await MAKE.pending('late@example.com');
    const token = tokenIn(await roster.inbox.waitFor('late@example.com'));
    const trusted = new ProviderRound(roster, 'trusted', providers.trusted);
    await trusted.signIn({ sub: 'late', email: 'late@example.com', email_verified: true });
    await roster.api
      .post('/auth/verify-email')
      .send({ token, newPassword: `${PASSWORD} again` })
      .expect(410);
    await login('late@example.com').expect(403);
  });
});

describe('two people at one provider with one address', () => {
  it('are not one account: the second is to sign in first', async () => {
    const trusted = new ProviderRound(roster, 'trusted', providers.trusted);
    const shared = { email: 'desk@example.com', email_verified: true };
    await trusted.signIn({ sub: 'first', ...shared });
    const browser = new PageBrowser(roster);
    const { location } = await trusted.signIn({ sub: 'second', ...shared }, browser);
    expect(location).toBe('/sign-in?provider=trusted&problem=sign-in-first');
    expect(browser.cookies.has('roster-session')).toBe(false);
    const rows = await roster.database.query('SELECT FROM identities WHERE subject = $1', ['second']);
    expect(rows).toHaveLength(0);
  });

  it('become one account if they come at once', async () => {
    const trusted = new ProviderRound(roster, 'trusted', providers.trusted);
    providers.trusted.person = { sub: 'race', email: 'race@example.com', email_verified: true };
    const browsers = [1, 2, 3, 4].map(() => new PageBrowser(roster));
    const backs = await Promise.all(browsers.map((browser) => trusted.leave(browser)));
    const answers = await Promise.all(browsers.map((browser, index) => browser.open(backs[index] ?? '')));
    expect(answers.map(({ location }) => location)).toEqual(Array(4).fill('/sign-in/complete'));
    const rows = await roster.database.query('SELECT FROM users WHERE email_key = $1', ['race@example.com']);
    expect(rows).toHaveLength(1);
  });
});
