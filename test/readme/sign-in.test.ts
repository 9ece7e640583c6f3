import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileFunction } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { Authenticator } from '../support/authenticator.js';
import { tokenIn } from '../support/inbox.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { codeOf, freshCode } from '../support/totp.js';

const PAGE = readFileSync(join(PACKAGE_ROOT, 'docs/sign-in.md'), 'utf8');
const ACCOUNTS = 'https://accounts.example.com';
const APP = 'https://app.example.com';

type Ask = (methods?: string[], setUp?: { secret: string }) => unknown;
type Called = (...given: unknown[]) => Promise<Record<string, unknown>>;

/** What a module of the page exports. @param given the globals that it finds */
function moduleOf(name: string, exported: readonly string[], given: Record<string, unknown>) {
  const blocks = [...PAGE.matchAll(/^```js\n([^]*?)^```$/gm)].map(([, text = '']) => text);
  const code = blocks.find((text) => text.startsWith(`// ${name}\n`))!.replace(/^export /gm, '');
  const run = compileFunction(`${code}\nreturn { ${exported.join(', ')} };`, Object.keys(given));
  return (run as (...globals: unknown[]) => Record<string, Called>)(...Object.values(given));
}

let roster: Roster;
beforeAll(async () => {
  roster = await startRoster({ PUBLIC_URL: ACCOUNTS, CORS_ORIGINS: APP });
});
afterAll(() => roster.stop());

/** `fetch` of a browser that shows a page of this origin: with cookies, Fetch Metadata, and CORS with its preflights. */
class Browser {
  readonly cookies = new Map<string, string>();

  constructor(
    private readonly origin: string,
    private readonly server = roster,
  ) {}

  readonly fetch = async (target: string, { method = 'GET', headers = {}, body, credentials }: RequestInit = {}) => {
    const url = new URL(target, this.origin);
    const isOwn = url.origin === this.origin;
    const address = this.server.url + url.pathname + url.search;
    const said = { 'sec-fetch-site': isOwn ? 'same-origin' : 'same-site', origin: this.origin };
    const asked = Object.keys(headers as object).filter((name) => name !== 'accept');
    if (!isOwn && (asked.length > 0 || !['GET', 'POST'].includes(method))) {
      const wants = { 'access-control-request-method': method, 'access-control-request-headers': asked.join(',') };
      const preflight = await fetch(address, { method: 'OPTIONS', headers: { origin: this.origin, ...wants } });
      const allowed = (name: string) => (preflight.headers.get(name) ?? '').toLowerCase();
      for (const name of asked) expect(allowed('access-control-allow-headers')).toContain(name);
      expect(allowed('access-control-allow-methods')).toContain(method.toLowerCase());
    }
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const sent = { ...(headers as Record<string, string>), ...said, ...(credentials === 'include' && { cookie }) };
    const response = await fetch(address, { method, headers: sent, ...(body != null && { body }) });
    for (const line of response.headers.getSetCookie()) {
      expect(line).toMatch(/^__Host-[^;]+; Path=\/;.*HttpOnly.*Secure/);
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line)!;
      if (/Max-Age=0/.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    if (!isOwn) {
      expect(response.headers.get('access-control-allow-origin')).toBe(this.origin);
      expect(response.headers.get('access-control-allow-credentials')).toBe('true');
    }
    return response;
  };
}

const EXPORTED =
  'signIn whoIsSignedIn signOut mailLink enterMailedCode beginTotp confirmTotp addPasskey signInWithPasskey deleteAccount';

/** The module of the page in a browser, with an authenticator for passkeys. */
function appIn(browser: Browser, origin: string) {
  const authenticator = new Authenticator(origin);
  const json = (value: object) => ({ toJSON: () => value });
  const given = {
    fetch: browser.fetch,
    PublicKeyCredential: { parseCreationOptionsFromJSON: same, parseRequestOptionsFromJSON: same },
    navigator: {
      credentials: {
        create: ({ publicKey }: { publicKey: never }) => json(authenticator.create(publicKey)),
        get: ({ publicKey }: { publicKey: never }) => json(authenticator.get(publicKey)),
      },
    },
  };
  return moduleOf('roster.js', EXPORTED.split(' '), given);
}
const same = (value: unknown) => value;
const never: Ask = () => {
  throw new Error('nothing is to be asked for');
};

async function codeAt(email: string): Promise<string> {
  const token = tokenIn(await roster.inbox.about(email, /sign in/i));
  const page = await roster.api.get('/auth/magic-link').query({ token }).set('accept', 'text/html').expect(200);
  return /<p class="short-code[^>]*>([^<]+)</.exec(page.text)![1]!;
}
const longAgo = () => roster.database.query("UPDATE sessions SET authenticated_at = now() - interval '1 hour'");

describe.each([
  ['another origin of the same site', APP],
  ['the same origin', ACCOUNTS],
])('the single-page app of docs/sign-in.md, on %s', (_where, origin) => {
  const at = new URL(origin).hostname;

  it('signs in by a cookie, sees who is signed in, and signs out', async () => {
    await roster.join(`ada@${at}`);
    const browser = new Browser(origin);
    const app = appIn(browser, origin);
    expect(await app['whoIsSignedIn']!()).toBeNull();
    await expect(app['signIn']!(`ada@${at}`, 'not the right one', never)).rejects.toMatchObject({
      code: 'invalid-credentials',
    });
    expect(await app['signIn']!(`ada@${at}`, PASSWORD, never)).toMatchObject({ user: { email: `ada@${at}` } });
    expect(await app['whoIsSignedIn']!()).toMatchObject({ acr: 'aal1', amr: ['pwd'] });
    await app['signOut']!();
    expect(await app['whoIsSignedIn']!()).toBeNull();
  });

  it('signs in by a mailed link that was opened elsewhere, registers by it, and deletes after a fresh proof', async () => {
    const app = appIn(new Browser(origin), origin);
    await app['mailLink']!(`grace@${at}`);
    const code = await codeAt(`grace@${at}`);
    await expect(appIn(new Browser(origin), origin)['enterMailedCode']!(code, never)).rejects.toMatchObject({
      code: 'invalid-code',
    });
    await app['enterMailedCode']!(code, never);
    expect(await app['whoIsSignedIn']!()).toMatchObject({ amr: ['otp'] });

    const { id } = await roster.join(`mary@${at}`);
    const other = appIn(new Browser(origin), origin);
    await other['signIn']!(`mary@${at}`, PASSWORD, never);
    await longAgo();
    const ask = jest.fn(() => ({ method: 'password', password: PASSWORD }));
    await other['deleteAccount']!(id, ask);
    expect(ask).toHaveBeenCalledTimes(1);
    expect(await other['whoIsSignedIn']!()).toBeNull();
  });

  it('sets up an authenticator app, and signs in with it', async () => {
    const { id } = await roster.join(`joan@${at}`);
    const app = appIn(new Browser(origin), origin);
    await app['signIn']!(`joan@${at}`, PASSWORD, never);
    const { secret, qr } = (await app['beginTotp']!(never)) as { secret: string; qr: string };
    expect(qr).toMatch(/^<svg/);
    const { recoveryCodes } = await app['confirmTotp']!(await codeOf(secret), never);
    expect(recoveryCodes).toHaveLength(10);
    const again = appIn(new Browser(origin), origin);
    const methods: string[][] = [];
    await again['signIn']!(`joan@${at}`, PASSWORD, async (offered: string[]) => {
      methods.push(offered);
      return { method: 'totp', code: await freshCode(roster, secret, id) };
    });
    expect(methods).toEqual([['totp', 'recovery-code']]);
    expect(await again['whoIsSignedIn']!()).toMatchObject({ acr: 'aal2' });

    const own = new Browser(origin);
    const ask = jest.fn(async () => ({
      method: 'totp',
      code: await freshCode(roster, secret, id),
      rememberDevice: true,
    }));
    await appIn(own, origin)['signIn']!(`joan@${at}`, PASSWORD, ask);
    await appIn(own, origin)['signIn']!(`joan@${at}`, PASSWORD, ask);
    expect(ask).toHaveBeenCalledTimes(1);
  });
});

it('the single-page app of docs/sign-in.md adds a passkey on the host of Roster, and signs in with it alone', async () => {
  await roster.join('hedy@example.com');
  const browser = new Browser(ACCOUNTS);
  const app = appIn(browser, ACCOUNTS);
  await app['signIn']!('hedy@example.com', PASSWORD, never);
  expect(await app['addPasskey']!('Laptop', never)).toMatchObject({ name: 'Laptop' });
  await app['signOut']!();
  expect(await app['signInWithPasskey']!()).toMatchObject({ user: { email: 'hedy@example.com' } });
  expect(await app['whoIsSignedIn']!()).toMatchObject({ acr: 'aal2' });
});

interface Session {
  signIn(identifier: string, password: string, ask: Ask): Promise<{ user: { id: string }; recoveryCodes?: string[] }>;
  mailLink(email: string): Promise<void>;
  enterMailedCode(code: string, ask: Ask): Promise<{ user: { email: string } }>;
  fetch(path: string, options?: RequestInit): Promise<Response>;
  stepUp(proof: object): Promise<void>;
  signOut(): Promise<void>;
}

function install(server = roster) {
  const kept = new Map<string, string>();
  let refreshes = 0;
  const counting = (target: string, options?: RequestInit) => {
    if (target.endsWith('/auth/refresh')) refreshes++;
    return fetch(target, options);
  };
  const given = { fetch: counting, crypto: globalThis.crypto, btoa, TextEncoder };
  const { RosterSession } = moduleOf('session.js', ['RosterSession'], given) as unknown as {
    RosterSession: new (url: string, store: object) => Session;
  };
  const store = {
    get: async (name: string) => Promise.resolve(kept.get(name)),
    set: async (name: string, text?: string) =>
      Promise.resolve(text === undefined ? kept.delete(name) : kept.set(name, text)),
  };
  /** The app, started anew. */
  const start = () => new RosterSession(server.url, store);
  return { start, kept, refreshes: () => refreshes };
}

describe('the app of docs/sign-in.md', () => {
  it('signs in once, and goes on with new tokens after a start, one at a time', async () => {
    await roster.join('ida@example.com');
    const phone = install();
    await phone.start().signIn('ida@example.com', PASSWORD, never);
    const app = phone.start();
    const answers = await Promise.all(Array.from({ length: 5 }, () => app.fetch('/users/me')));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(phone.refreshes()).toBe(1);
    await app.signOut();
    await expect(app.fetch('/users/me')).rejects.toThrow('Nobody is signed in');
    expect([...phone.kept.keys()]).toEqual(['deviceToken']);
  });

  it('signs in while strangers have locked the account, with a second factor, and steps up', async () => {
    const { id, token } = await roster.join('edith@example.com');
    const phone = install();
    await phone.start().signIn('edith@example.com', PASSWORD, never);
    const headers = { authorization: `Bearer ${token}` };
    const { body } = await roster.api.post('/users/me/totp').set(headers).expect(200);
    const { secret } = body as { secret: string };
    await roster.api
      .post('/users/me/totp/confirm')
      .set(headers)
      .send({ code: await codeOf(secret) })
      .expect(200);
    for (let tries = 0; tries < 5; tries++) {
      await roster.api.post('/auth/login').send({ identifier: 'edith@example.com', password: 'wrong' }).expect(401);
    }
    const app = phone.start();
    const ask: Ask = async () => ({ method: 'totp', code: await freshCode(roster, secret, id) });
    expect(await app.signIn('edith@example.com', PASSWORD, ask)).toMatchObject({ user: { id } });

    const remembered = jest.fn(async () => ({ ...((await ask()) as object), rememberDevice: true }));
    await phone.start().signIn('edith@example.com', PASSWORD, remembered);
    await app.signIn('edith@example.com', PASSWORD, remembered);
    expect(remembered).toHaveBeenCalledTimes(1);

    await longAgo();
    const exported = () => app.fetch('/users/me/export');
    expect(await (await exported()).json()).toMatchObject({ code: 'step-up-required' });
    await expect(app.stepUp({ method: 'totp', code: '000000' })).rejects.toMatchObject({ code: 'step-up-failed' });
    await app.stepUp((await ask()) as object);
    expect((await exported()).status).toBe(200);
  });

  it('signs in by the code of a mailed link, which is its own', async () => {
    const phone = install();
    await phone.start().mailLink('emmy@example.com');
    const code = await codeAt('emmy@example.com');
    await expect(install().start().enterMailedCode(code, never)).rejects.toMatchObject({ code: 'invalid-code' });
    // The app may have been stopped meanwhile.
    expect(await phone.start().enterMailedCode(code.toLowerCase(), never)).toMatchObject({
      user: { email: 'emmy@example.com' },
    });
  });
});

it('both set up an authenticator app where it has to be, and sign in by its first code', async () => {
  const strict = await startRoster(
    { PUBLIC_URL: ACCOUNTS, CORS_ORIGINS: APP, REQUIRE_SECOND_FACTOR: 'MANAGER' },
    [],
    roster.database,
  );
  try {
    const admin = await roster.signIn();
    const setUp: Ask = async (_methods, { secret } = { secret: '' }) => ({
      method: 'totp',
      code: await codeOf(secret),
    });
    const signIns = {
      'page@example.com': (email: string) => appIn(new Browser(APP, strict), APP)['signIn']!(email, PASSWORD, setUp),
      'app@example.com': (email: string) => install(strict).start().signIn(email, PASSWORD, setUp),
    };
    for (const [email, signIn] of Object.entries(signIns)) {
      const { id } = await roster.join(email);
      await roster.api
        .put(`/users/${id}/role`)
        .set({ authorization: `Bearer ${admin}` })
        .send({ role: 'MANAGER' })
        .expect(200);
      const answer = await signIn(email);
      expect(answer).toMatchObject({ user: { email } });
      expect(answer.recoveryCodes).toHaveLength(10);
    }
  } finally {
    await strict.app.close();
    await strict.inbox.down();
  }
});
