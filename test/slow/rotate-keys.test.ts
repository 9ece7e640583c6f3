import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SessionUpkeep } from '../../src/auth/sessions/session-upkeep.js';
import { runCommand } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { type Roster, startRoster } from '../support/roster.js';

const OLD = 'k3yZ'.repeat(12);
const NEW = 'n3wK'.repeat(12);

let database: TestDatabase;
let roster: Roster;
beforeAll(async () => {
  database = await createTestDatabase();
  roster = await startRoster({ SECRET_KEY: OLD }, [], database);
});
afterAll(() => roster.stop());

const command = async (name: string, environment: Record<string, string>): Promise<string> => {
  const { code, stdout, stderr } = await runCommand([name], { DATABASE_URL: database.url, ...environment });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
};
const kidOf = (token: string): unknown =>
  (JSON.parse(Buffer.from(token.split('.', 1)[0]!, 'base64url').toString()) as { kid: unknown }).kid;
const published = async () => {
  const { body } = await roster.api.get('/.well-known/jwks.json').expect(200);
  return (body as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
};
const me = (token: string) => roster.api.get('/users/me').set('authorization', `Bearer ${token}`);
const errors = () => roster.logLines().filter(({ level }) => Number(level) >= 50);
const REPLACED = /SECRET_KEY was replaced.*Start it again with the SECRET_KEY of now/;

describe('A server that runs while another process replaces keys', () => {
  let before: string;
  let inUse: unknown;

  it('signs with the new signing key and publishes it, without a request or a restart', async () => {
    before = await roster.signIn();
    const id = /signed with key (\w+)\./.exec(await command('rotate-signing-key', { SECRET_KEY: OLD }))?.[1];
    await eventually(async () => (await published()).includes(id!));
    inUse = kidOf(await roster.signIn());
    expect(inUse).toBe(id);
    expect(await published()).toContain(kidOf(before));
    await me(before).expect(200);
  });

  it('says once that its SECRET_KEY was replaced, and serves on', async () => {
    await command('rotate-secret', { SECRET_KEY: OLD, NEW_SECRET_KEY: NEW });
    await eventually(() => errors().length > 0);
    expect(errors()).toEqual([expect.objectContaining({ msg: expect.stringMatching(REPLACED) })]);
    await me(await roster.signIn()).expect(200);
    const { body } = await roster.api.get('/health/ready').expect(200);
    expect(body).toMatchObject({ status: 'degraded', checks: { keys: 'up', secretKey: 'down' } });
  });

  it('goes on with the key that it holds when the signing key is replaced after that, and so does its upkeep', async () => {
    const id = /signed with key (\w+)\./.exec(await command('rotate-signing-key', { SECRET_KEY: NEW }))?.[1];
    await database.query(
      `UPDATE keys SET retired_at = now() - interval '1 day', created_at = created_at - interval '200 days'
      WHERE purpose = 'access-token' AND id <> $1`,
      [id],
    );
    const upkeep = roster.app.get(SessionUpkeep, { strict: false });
    await upkeep.sweep();
    expect(errors().at(-1)).toMatchObject({ msg: expect.stringMatching(REPLACED) });
    expect(JSON.stringify(roster.logLines())).not.toContain('that was used before');
    const token = await roster.signIn();
    expect(kidOf(token)).toBe(inUse);
    await me(token).expect(200);
    await me(before).expect(200);
  });

  it('refuses to sign people in, and is not ready, once another server has destroyed the last key that it could read', async () => {
    await database.query(`DELETE FROM keys WHERE purpose = 'access-token' AND retired_at IS NOT NULL`);
    await eventually(async () => {
      // A server that nobody asks learns of it within ten seconds only.
      await me(before);
      return (await roster.api.get('/health/ready')).status === 503;
    });
    const attempt = { identifier: 'admin@example.com', password: 'correct horse battery staple' };
    const answer = await roster.api.post('/auth/login').send(attempt);
    expect([answer.status, answer.headers['retry-after'], answer.body]).toMatchObject([
      503,
      '30',
      { code: 'unavailable' },
    ]);
  });

  it('does all of it again after a start with the new one', async () => {
    await roster.app.close();
    await roster.inbox.down();
    roster = await startRoster({ SECRET_KEY: NEW }, [], database);
    await me(await roster.signIn()).expect(200);
    expect((await roster.api.get('/health/ready').expect(200)).body).toMatchObject({ status: 'up' });
  });

  it('takes no token of a destroyed signing key any more, though it took it before', async () => {
    const stolen = await roster.signIn();
    await command('rotate-signing-key', { SECRET_KEY: NEW });
    await eventually(async () => kidOf(await roster.signIn()) !== kidOf(stolen));
    const good = await roster.signIn();
    await me(stolen).expect(200);
    await database.query(`DELETE FROM keys WHERE purpose = 'access-token' AND retired_at IS NOT NULL`);
    await eventually(async () => (await me(stolen)).status === 401);
    await me(good).expect(200);
    expect(await published()).toEqual([kidOf(good)]);
  });
});
