import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Roster, startRoster } from '../support/roster.js';

/** What anybody may keep, and how. */
const KEPT: Readonly<Record<string, string>> = {
  '/.well-known/jwks.json': 'public, max-age=60',
  '/docs': 'no-cache',
  '/docs-json': 'no-cache',
  '/redoc': 'no-cache',
  '/docs/events': 'public, max-age=300',
  '/docs/events.json': 'public, max-age=300',
  '/docs/events/schemas/{file}': 'public, max-age=300',
};

let roster: Roster;
beforeAll(async () => (roster = await startRoster()));
afterAll(() => roster.stop());

describe('Cache-Control (ASVS 5.0 V14.3.2)', () => {
  it('forbids to keep any answer of a GET in the API document, but for those that are the same for all', async () => {
    const token = await roster.signIn();
    const authorization = `Bearer ${token}`;
    const me = await roster.api.get('/users/me').set({ authorization }).expect(200);
    const { id } = me.body as { id: string };
    const { body } = await roster.api.get('/docs-json').expect(200);
    const gets = Object.entries(body.paths as Record<string, object>).filter(([, methods]) => 'get' in methods);
    const answered: number[] = [];
    for (const [path] of gets) {
      const url = path.replace('{file}', 'user.created.v1.json').replace(/\{.*?\}/g, id);
      const answer = await roster.api.get(url).set({ authorization });
      answered.push(answer.status);
      expect([path, answer.headers['cache-control']]).toEqual([path, KEPT[path] ?? 'no-store']);
    }
    expect(answered.filter((status) => status === 200).length).toBeGreaterThan(20);
  });

  it('forbids it for writes and errors alike, also where the answer without the error may be kept', async () => {
    for (const answer of [
      await roster.api.get('/users/me').expect(401),
      await roster.api.get('/nowhere').expect(404),
      await roster.api.delete('/health/live').expect(405),
      await roster.api.post('/auth/login').send({ identifier: 'a@b.example', password: 'x' }).expect(401),
      await roster.api.get('/docs/events/schemas/nothing.json').expect(404),
      await roster.api.get(`/users/${'x'.repeat(300)}`).expect(414),
      await roster.api.get('/auth/verify-email?token=x').set('accept', 'text/html').expect(410),
    ]) {
      expect(answer.headers['cache-control']).toBe('no-store');
    }
  });

  it('leaves the ETag of a user for If-Match: nothing is answered 304', async () => {
    const authorization = `Bearer ${await roster.signIn()}`;
    const { headers } = await roster.api.get('/users/me').set({ authorization }).expect(200);
    const again = roster.api.get('/users/me').set({ authorization, 'if-none-match': String(headers['etag']) });
    expect((await again.expect(200)).headers).toMatchObject({ etag: headers['etag'], 'cache-control': 'no-store' });
  });

  it('lets style sheets and scripts be kept', async () => {
    expect((await roster.api.get('/assets/pages.css').expect(200)).headers['cache-control']).toMatch(/^public, /);
    expect((await roster.api.get('/docs/swagger-ui.css').expect(200)).headers['cache-control']).toMatch(/^public, /);
  });
});
