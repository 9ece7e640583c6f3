import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { declaredRoutes } from '../../src/access/declared-roles.js';
import { HOSTED_METADATA } from '../../src/http/pages/hosted-page.js';
import { markedHandlers } from '../support/marked-handlers.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { type Headers, LISTED_ORIGIN, SAME_ORIGIN, SITES } from '../support/sites.js';

const NOBODY = '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071';

let roster: Roster;
let admin: string;
beforeAll(async () => {
  roster = await startRoster({ CORS_ORIGINS: LISTED_ORIGIN });
  admin = await roster.signIn();
});
afterAll(() => roster.stop());

/** A new browser session of somebody who has registered. */
async function browserOf(email: string): Promise<string> {
  const login = { identifier: email, password: PASSWORD, session: 'cookie' };
  const { headers } = await roster.api.post('/auth/login').set(SAME_ORIGIN).send(login).expect(200);
  const cookies = [(headers as { 'set-cookie'?: string | string[] })['set-cookie'] ?? []].flat();
  return cookies.find((cookie) => cookie.startsWith('roster-session='))!.split(';', 1)[0]!;
}

/** A session that is begun anew once it has ended: some of the requests end it, and a sign-in before each would take longer than they do. */
class Lasting {
  private session: Headers | undefined;
  constructor(private readonly begin: () => Promise<Headers>) {}

  /** One that is good now. */
  async checked(): Promise<Headers> {
    const { status } = await roster.api.get('/auth/session').set(this.session ?? {});
    return (this.session = status === 200 && this.session ? this.session : await this.begin());
  }

  /** @param request undefined where nobody was signed in any more; then it is made again in a new session, and that is its answer */
  async use(request: (session: Headers) => Promise<boolean | undefined>): Promise<boolean> {
    this.session ??= await this.begin();
    return (await request(this.session)) ?? (await request((this.session = await this.begin()))) ?? false;
  }
}

describe('a change by cookie', () => {
  it('comes from a page of ours, or is refused, on every route; by a token it may come from anywhere', async () => {
    const email = 'matrix@example.com';
    const { token } = await roster.join(email);
    await roster.api
      .put(`/users/${(await roster.api.get('/users/me').set('authorization', `Bearer ${token}`)).body.id}/role`)
      .set('authorization', `Bearer ${admin}`)
      .send({ role: 'ADMIN' })
      .expect(200);
    const discovery = roster.app.get(DiscoveryService, { strict: false });
    const hosted = markedHandlers(discovery, HOSTED_METADATA);
    const routes = declaredRoutes(discovery, new MetadataScanner()).filter(
      ({ method, role }) => !['GET', 'HEAD'].includes(method) && role !== 'ANONYMOUS',
    );
    expect(routes.length).toBeGreaterThan(25);
    const newToken = async () => {
      const login = { identifier: email, password: PASSWORD };
      const { body } = await roster.api.post('/auth/login').send(login).expect(200);
      return `Bearer ${(body as { accessToken: string }).accessToken}`;
    };
    const browser = new Lasting(async () => ({ cookie: await browserOf(email) }));
    const tokens = new Lasting(async () => ({ authorization: await newToken() }));
    for (const { method, path, handler } of routes) {
      const refused = async (headers: Headers): Promise<boolean | undefined> => {
        const verb = method.toLowerCase() as 'post' | 'put' | 'patch' | 'delete';
        const url = path.replaceAll(/:\w+/g, NOBODY);
        const request = roster.api[verb](url).set({ 'if-match': '"0"', ...headers });
        // A form without fields.
        if (hosted.includes(handler)) request.type('form').send('');
        const { status, headers: answered, body, text } = await request;
        if (status === 401 || answered['location']?.startsWith('/sign-in')) return undefined;
        if (hosted.includes(handler)) return status === 403 && text.includes('Cross-site request refused');
        return (body as { code?: string } | undefined)?.code === 'cross-site-request';
      };
      const tell = (by: string, site: string, is: boolean | undefined) => ({ method, path, by, site, refused: is });
      // What is refused changes nothing, so one cookie does for all of it. What is let in comes last, for it may end the session.
      const kept = await browser.checked();
      for (const [site, headers, isOurs] of SITES.toReversed()) {
        const answer = isOurs
          ? await browser.use((cookie) => refused({ ...headers, ...cookie }))
          : await refused({ ...headers, ...kept });
        expect(tell('cookie', site, answer)).toEqual(tell('cookie', site, !isOurs));
      }
      for (const [site, headers] of SITES.filter(([, , isOurs]) => !isOurs).slice(-3)) {
        // A form of a page comes from our pages, with a token as well.
        const isPage = hosted.includes(handler);
        const byToken = await tokens.use((bearer) => refused({ ...headers, ...bearer }));
        expect(tell('token', site, byToken)).toEqual(tell('token', site, isPage));
        const both = await tokens.use((bearer) => refused({ ...headers, ...kept, ...bearer }));
        expect(tell('both', site, both)).toEqual(tell('both', site, isPage));
      }
    }
  });
});
