import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { opensKeys } from '../../src/database/keyring.js';
import { SecretKeyFile } from '../../src/config/secret-key-file.js';
import { rotateSecret } from '../../src/operator/rotate-secret.js';
import { makeToken } from '../../src/operator/token.js';
import { verify } from '../../src/operator/verify.js';
import { runCommand } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { tokenIn } from '../support/inbox.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { withOperatorContext, SILENT } from '../support/operator-context.js';

const OLD = 'k3yZ'.repeat(12);
const NEW = 'n3wK'.repeat(12);

let database: TestDatabase;
beforeAll(async () => (database = await createTestDatabase()));

const command = (environment: Record<string, string>, ...args: string[]) =>
  runCommand(args, { DATABASE_URL: database.url, ...environment });
const me = (roster: Roster, token: string) =>
  roster.api.get('/users/me').set('authorization', `Bearer ${token}`).expect(200);

describe('A rotation of SECRET_KEY', () => {
  let before: Roster;
  let after: Roster;
  let session: string;
  let link: string;
  beforeAll(async () => {
    before = await startRoster({ SECRET_KEY: OLD }, [], database);
    session = (await before.join('ada@example.com')).token;
    await before.api.post('/auth/register').send({ email: 'bea@example.com', password: PASSWORD }).expect(202);
    link = tokenIn(await before.inbox.waitFor('bea@example.com'));
  });
  afterAll(() => after.stop());

  it.each([
    [undefined, 'Set NEW_SECRET_KEY to the new key'],
    ['short', 'NEW_SECRET_KEY: expected at least 32 bytes'],
    [OLD, 'is the key already in use'],
  ])('is refused with %s as the new key', async (given, message) => {
    const wrapped = await database.query('SELECT id, wrapped FROM keys ORDER BY id');
    await expect(
      withOperatorContext({ DATABASE_URL: database.url, SECRET_KEY: OLD }, (context) =>
        rotateSecret(context, undefined, given),
      ),
    ).rejects.toThrow(message);
    expect(await database.query('SELECT id, wrapped FROM keys ORDER BY id')).toEqual(wrapped);
  });

  it('wraps every key anew, and says neither of the two', async () => {
    const keys = () => database.query<{ id: string; wrapped: Buffer }>('SELECT id, wrapped FROM keys ORDER BY id');
    const wrapped = await keys();
    const { code, stdout, stderr } = await command({ SECRET_KEY: OLD, NEW_SECRET_KEY: NEW }, 'rotate-secret');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`Wrapped ${wrapped.length} keys.`);
    expect(stdout).not.toMatch(/k3yZ|n3wK/);
    for (const [index, { id, wrapped: now }] of (await keys()).entries()) {
      expect(id).toBe(wrapped[index]?.id);
      expect(now).not.toEqual(wrapped[index]?.wrapped);
    }
  });

  it('is not noticed by a server that runs', async () => {
    await me(before, session);
    await me(before, await before.signIn('ada@example.com', PASSWORD));
    await before.join('cyd@example.com');
  });

  it('leaves passwords, sessions, links and chains good after a restart with the new key', async () => {
    await before.app.close();
    await before.inbox.down();
    after = await startRoster({ SECRET_KEY: NEW }, [], database);
    await me(after, session);
    await after.signIn('ada@example.com', PASSWORD);
    await after.api.post('/auth/verify-email').send({ token: link }).expect(200);
    await after.signIn('bea@example.com', PASSWORD);
    const environment = { DATABASE_URL: database.url, SECRET_KEY: NEW };
    const verified = await withOperatorContext(environment, (place) => verify(place, { limit: 1, progress: SILENT }));
    expect(verified.faults).toEqual([]);
  });

  it('ends what the old key could open', async () => {
    const { code, stderr } = await command({ SECRET_KEY: OLD }, 'verify');
    expect(stderr).toContain('SECRET_KEY is not the key with which the keys in this database were wrapped.');
    expect(code).toBe(1);
  });

  it('lets the operator in too: a token without a password', async () => {
    const { stdout } = await command({ SECRET_KEY: NEW }, 'token', '--user', 'Ada@example.com');
    expect((await me(after, stdout.trim())).body).toMatchObject({ email: 'ada@example.com' });
    const environment = { DATABASE_URL: database.url, SECRET_KEY: NEW };
    await expect(withOperatorContext(environment, (place) => makeToken(place, 'nobody'))).rejects.toThrow(
      'No user nobody',
    );
  });
});

describe('A rotation where Roster keeps the key under DATA_DIR', () => {
  let dataDir: string;
  let kept: TestDatabase;
  const file = () => join(dataDir, 'secret-key');
  const read = () => new SecretKeyFile(dataDir).read((key) => opensKeys(kept.url, key));
  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'roster-secret-'));
    kept = await createTestDatabase();
    await withOperatorContext({ DATABASE_URL: kept.url, SECRET_KEY: await read() }, () => Promise.resolve());
  });
  afterAll(async () => {
    await kept.drop();
    rmSync(dataDir, { recursive: true });
  });

  it('makes the key itself and keeps it for its owner alone', async () => {
    const old = readFileSync(file(), 'utf8');
    copyFileSync(file(), join(dataDir, 'old'));
    const rotated = await runCommand(['rotate-secret'], { DATABASE_URL: kept.url, DATA_DIR: dataDir });
    expect(rotated).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(file(), 'utf8')).not.toBe(old);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(existsSync(`${file()}.next`)).toBe(false);
    expect(await opensKeys(kept.url, await read())).toBe(true);
  });

  it('comes to its end at the next start when the process died after the commit', async () => {
    const taken = readFileSync(file(), 'utf8');
    writeFileSync(`${file()}.next`, taken, { mode: 0o600 });
    copyFileSync(join(dataDir, 'old'), file());
    expect(await read()).toBe(taken);
    expect(readFileSync(file(), 'utf8')).toBe(taken);
    expect(existsSync(`${file()}.next`)).toBe(false);
  });

  it('has not happened when the process died before the commit', async () => {
    const taken = readFileSync(file(), 'utf8');
    writeFileSync(`${file()}.next`, NEW, { mode: 0o600 });
    expect(await read()).toBe(taken);
    expect(await opensKeys(kept.url, taken)).toBe(true);
  });
});
