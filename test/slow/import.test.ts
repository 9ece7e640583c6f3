import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import { type ElsewhereAttempt, VerifyElsewhere } from '../../src/auth/login/verify-elsewhere.js';
import { roundsOf } from '../../src/auth/passwords/foreign/foreign-hash.js';
import { parseForeignHash } from '../../src/auth/passwords/foreign/parse-foreign.js';
import { runCommand } from '../support/cli.js';
import {
  fileIn,
  hashBy,
  HASHES,
  importInto,
  type ImportOutcome,
  OLD_PASSWORD as PASSWORD,
  storedHashOf,
} from '../support/imports.js';
import { tokenIn } from '../support/inbox.js';
import { type Roster, startRoster } from '../support/roster.js';
import { ticketOf, totpAt } from '../support/totp.js';

const PROVIDER = { PROVIDERS: 'google', GOOGLE_CLIENT_ID: 'id', GOOGLE_CLIENT_SECRET: 'secret' };

@Injectable()
class OldSystem {
  static readonly asked: ElsewhereAttempt[] = [];

  @VerifyElsewhere()
  verify(attempt: ElsewhereAttempt): boolean {
    OldSystem.asked.push(attempt);
    return attempt.externalId.startsWith('jit-') && attempt.password === PASSWORD;
  }
}

@Module({ providers: [OldSystem] })
class OldSystemModule {}

let roster: Roster;
let folder: string;
beforeAll(async () => {
  roster = await startRoster(PROVIDER, [OldSystemModule]);
  folder = mkdtempSync(join(tmpdir(), 'roster-import-'));
});
afterAll(async () => {
  await roster.stop();
  rmSync(folder, { recursive: true, force: true });
});

const importFrom = (from: string, content: string | object, ...more: string[]): Promise<ImportOutcome> =>
  importInto(roster, folder, from, content, more, PROVIDER);
const file = (content: string): string => fileIn(folder, content);

const storedHash = (email: string): Promise<string | undefined> => storedHashOf(roster, email);

async function userBy(email: string): Promise<Record<string, unknown> | undefined> {
  const token = await roster.signIn();
  const { body } = await roster.api.get('/users').query({ search: email }).set('authorization', `Bearer ${token}`);
  return (body as { items: Record<string, unknown>[] }).items[0];
}

describe('roster import --from csv', () => {
  it('imports users with their profiles, and names unknown columns once', async () => {
    const { code, stdout, stderr, report } = await importFrom(
      'csv',
      'external_id,email,first_name,Shoe Size,username,role,bio,email_verified\r\n' +
        '1,csv-ada@example.com,Ada,38,csv-ada,,"Two\r\nlines, and a ""quote""",\r\n' +
        '2,csv-bob@example.com,Bob,45,,MANAGER,,false\r\n',
    );
    expect({ code, stdout, report }).toEqual({ code: 0, stdout: 'Imported 2 users.\n', report: [] });
    expect(stderr.match(/Shoe Size/g)).toHaveLength(1);
    expect(await userBy('csv-ada@example.com')).toMatchObject({
      firstName: 'Ada',
      username: 'csv-ada',
      emailVerified: true,
      role: 'AUTHENTICATED',
      bio: 'Two\r\nlines, and a "quote"',
      status: 'ACTIVE',
    });
    expect(await userBy('csv-bob@example.com')).toMatchObject({ role: 'MANAGER', emailVerified: false });
  });

  it('says by line what does not go in, and imports the rest', async () => {
    const { code, stdout, report } = await importFrom(
      'csv',
      'externalId,email,phone\n' +
        'a,lines-1@example.com,\n' +
        'b,no address,\n' +
        'c,"lines-2@example.com,\n",\n' +
        'd,lines-3@example.com,12\n' +
        'e,LINES-1@example.com,\n' +
        'f,lines-4@example.com\n' +
        'g,lines-5@example.com,\n',
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'Imported 2 users. 5 lines did not go in.\n' });
    expect(report.map(({ line, externalId, code: why }) => [line, externalId, why]).toSorted()).toEqual([
      [3, 'b', 'invalid-email'],
      [4, 'c', 'invalid-email'],
      [6, 'd', 'invalid-field'],
      [7, 'e', 'email-taken'],
      [8, null, 'wrong-number-of-cells'],
    ]);
  });

  it('imports nobody twice, whatever else has changed, and refuses an id that the file has twice', async () => {
    const content = 'id,email\n7,again-1@example.com\n8,again-2@example.com\n';
    await importFrom('csv', content);
    const { code, stdout } = await importFrom('csv', `${content}9,again-3@example.com\n9,again-4@example.com\n`);
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: 'Imported 1 user. 2 users had been imported before. 1 line did not go in.\n',
    });
    const { stdout: ndjson, code: zero } = await importFrom(
      'ndjson',
      '{"externalId":"7","email":"else@example.com"}\n',
    );
    expect({ ndjson, zero }).toEqual({ ndjson: 'Imported 0 users. 1 user had been imported before.\n', zero: 0 });
  });

  it('writes nothing with --dry-run, and reports the same', async () => {
    const content =
      'externalId,email\n1d,dry@example.com\n2d,DRY@example.com\n1d,dry-2@example.com\n4d,admin@example.com\n';
    const dry = await importFrom('csv', content, '--dry-run');
    expect(dry).toMatchObject({ code: 1, stdout: 'Would import 1 user. 3 lines did not go in.\n' });
    expect(await userBy('dry@example.com')).toBeUndefined();
    const wet = await importFrom('csv', content);
    expect(wet.report.map(({ line, code }) => [line, code])).toEqual(dry.report.map(({ line, code }) => [line, code]));
    expect(await userBy('dry@example.com')).toBeDefined();
  });
});

describe('an imported password', () => {
  it('of every kind signs in, on a server that was running, and is replaced by ours', async () => {
    // The costly ones would set the time of every sign-in; test/unit verifies them.
    const light = HASHES.taken.filter(({ hash }) => roundsOf(parseForeignHash(hash)) < 500);
    expect(new Set(light.map(({ hash }) => parseForeignHash(hash).kind)).size).toBe(5);
    const lines = light.map(({ hash }, number) =>
      JSON.stringify({ externalId: `kind-${number}`, email: `kind-${number}@example.com`, passwordHash: hash }),
    );
    expect(await importFrom('ndjson', lines.join('\n'))).toMatchObject({ code: 0 });
    for (const [number, { password = PASSWORD }] of light.entries()) {
      const identifier = `kind-${number}@example.com`;
      await roster.api
        .post('/auth/login')
        .send({ identifier, password: `${password}r` })
        .expect(401);
      expect(await storedHash(identifier)).toMatch(/^imported:/);
      await roster.signIn(identifier, password);
      expect(await storedHash(identifier)).toMatch(/^bcrypt-hmac-sha384:/);
      await roster.signIn(identifier, password);
    }
  });

  it('is stored sealed: no table has its hash', async () => {
    const hash = hashBy('bcrypt 2b');
    await importFrom('ndjson', JSON.stringify({ email: 'sealed@example.com', passwordHash: hash }));
    const rows = await roster.database.query('SELECT * FROM password_credentials');
    expect(JSON.stringify(rows)).not.toContain(hash.slice(7));
  });
});

describe('roster import --from keycloak', () => {
  const secretData = (value: object): string => JSON.stringify(value);
  const [, , , , salt, value] = hashBy('Debian argon2 -id').split('$');
  const argon2 = {
    type: 'password',
    secretData: secretData({ salt, value }),
    credentialData: JSON.stringify({
      hashIterations: 2,
      algorithm: 'argon2',
      additionalParameters: {
        hashLength: ['32'],
        memory: ['8192'],
        type: ['id'],
        version: ['1.3'],
        parallelism: ['1'],
      },
    }),
  };
  const otp = {
    type: 'otp',
    secretData: secretData({ value: 'abcdefghij0123456789' }),
    credentialData: JSON.stringify({ subType: 'totp', digits: 6, period: 30, algorithm: 'HmacSHA1' }),
  };

  it('takes passwords, authenticator apps and accounts at providers, and suspends who is disabled', async () => {
    const { code, report } = await importFrom('keycloak', {
      realm: 'demo',
      clients: [{ users: [1, 2] }],
      users: [
        {
          id: 'kc-1',
          username: 'kc-ada@example.com',
          email: 'kc-ada@example.com',
          emailVerified: true,
          enabled: true,
          realmRoles: ['admin'],
          credentials: [argon2, otp],
          federatedIdentities: [{ identityProvider: 'google', userId: '4711', userName: 'ada' }],
        },
        { id: 'kc-2', username: 'kc-bob', email: 'kc-bob@example.com', emailVerified: false, enabled: false },
      ],
    });
    expect({ code, report }).toEqual({ code: 0, report: [] });
    expect(await userBy('kc-bob@example.com')).toMatchObject({ status: 'SUSPENDED', emailVerified: false });
    const ada = await userBy('kc-ada@example.com');
    expect(ada).toMatchObject({ username: null, role: 'AUTHENTICATED' });
    const [identity] = await roster.database.query<{ issuer: string; subject: string }>(
      'SELECT issuer, subject FROM identities WHERE user_id = $1',
      [ada?.['id']],
    );
    expect(identity).toEqual({ issuer: 'https://accounts.google.com', subject: '4711' });
    const credentials = { identifier: 'kc-ada@example.com', password: PASSWORD };
    const half = await roster.api.post('/auth/login').send(credentials).expect(403);
    const token = ticketOf(half);
    const digits = totpAt('MFRGGZDFMZTWQ2LKGAYTEMZUGU3DOOBZ', Date.now() / 1000);
    await roster.api.post('/auth/second-factor').send({ token, method: 'totp', code: digits }).expect(200);
  });

  it('ends with a sentence where the realm was exported without users', async () => {
    const { code, stderr } = await importFrom('keycloak', { realm: 'demo', clients: [] });
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('The file has no list "users"') });
  });

  it('takes roles when asked to', async () => {
    const users = [{ id: 'kc-3', email: 'kc-eve@example.com', realmRoles: ['offline_access', 'manager'] }];
    await importFrom('keycloak', { users }, '--with-roles');
    expect(await userBy('kc-eve@example.com')).toMatchObject({ role: 'MANAGER' });
  });
});

describe('roster import of other systems', () => {
  it('joins the users of Auth0 with their hashes in another file, or in the same', async () => {
    const user = (id: string) => ({ user_id: `auth0|${id}`, email: `${id}@example.com`, email_verified: true });
    const hashes = file(`${JSON.stringify({ _id: { $oid: 'a0-1' }, passwordHash: hashBy('bcrypt 2b') })}\n`);
    const same = JSON.stringify({ oid: 'a0-2', passwordHash: hashBy('bcrypt 2a') });
    const content = [user('a0-1'), user('a0-2'), user('a0-3')].map((one) => JSON.stringify(one)).join('\n');
    const { code } = await importFrom('auth0', `${content}\n${same}\n`, '--hashes', hashes);
    expect(code).toBe(0);
    await roster.signIn('a0-1@example.com', PASSWORD);
    await roster.signIn('a0-2@example.com', PASSWORD);
    expect(await storedHash('a0-3@example.com')).toBeUndefined();
  });

  it('takes the import schema of Auth0, and says which hash it cannot verify', async () => {
    const custom = (algorithm: string, value: string) => ({ algorithm, hash: { value, encoding: 'utf8' } });
    const { code, report } = await importFrom('auth0', [
      { email: 'a0-4@example.com', custom_password_hash: custom('bcrypt', hashBy('Apache htpasswd -B')) },
      { email: 'a0-5@example.com', custom_password_hash: custom('md4', 'b3171945818c454dd73809ec88629d7b') },
      {
        email: 'a0-6@example.com',
        blocked: true,
        mfa_factors: [{ totp: { secret: 'MFRGGZDFMZTWQ2LKGAYTEMZUGU3DOOBZ' } }],
      },
    ]);
    expect({ code, codes: report.map((one) => one.code) }).toEqual({ code: 1, codes: ['hash-unsupported'] });
    await roster.signIn('a0-4@example.com', PASSWORD);
    expect(await userBy('a0-6@example.com')).toMatchObject({ status: 'SUSPENDED' });
  });

  it('verifies the hashes of Firebase by the parameters of the project', async () => {
    const config = file(
      'hash_config {\n  algorithm: SCRYPT,\n  base64_signer_key: jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==,\n  base64_salt_separator: Bw==,\n  rounds: 8,\n  mem_cost: 14,\n}\n',
    );
    const user = {
      localId: 'fb-1',
      email: 'fb-ada@example.com',
      emailVerified: true,
      passwordHash: 'lSrfV15cpx95_sZS2W9c9Kp6i_LVgQNDNC_qzrCnh1SAyZvqmZqAjTdn3aoItz-VHjoZilo78198JAdRuid5lQ==',
      salt: '42xEC-ixf3L2lw==',
      providerUserInfo: [{ providerId: 'google.com', rawId: '4712', email: 'fb-ada@example.com' }],
    };
    expect(await importFrom('firebase', { users: [user] }, '--hash-config', config)).toMatchObject({ code: 0 });
    await roster.signIn('fb-ada@example.com', 'user1password');
    const row = `fb-2,fb-bob@example.com,true,${user.passwordHash},${user.salt},Bob${','.repeat(21)}true,\n`;
    expect(await importFrom('firebase', row, '--hash-config', config)).toMatchObject({ code: 0 });
    expect(await userBy('fb-bob@example.com')).toMatchObject({ nickname: 'Bob', status: 'SUSPENDED' });
  });

  it('takes the tables of Supabase', async () => {
    const identities = file(
      'user_id,provider,provider_id,identity_data\nsb-1,google,4713,"{""email"":""sb-ada@example.com""}"\n',
    );
    const { code } = await importFrom(
      'supabase',
      'id,email,encrypted_password,email_confirmed_at,phone,raw_user_meta_data,banned_until\n' +
        `sb-1,sb-ada@example.com,${hashBy('bcrypt 2a')},2025-01-01 00:00:00+00,442079460958,"{""full_name"":""Ada L""}",\n` +
        'sb-2,sb-bob@example.com,,,,,2999-01-01 00:00:00+00\n',
      '--identities',
      identities,
    );
    expect(code).toBe(0);
    await roster.signIn('sb-ada@example.com', PASSWORD);
    expect(await userBy('sb-ada@example.com')).toMatchObject({ nickname: 'Ada L', phone: '+442079460958' });
    expect(await userBy('sb-bob@example.com')).toMatchObject({ status: 'SUSPENDED', emailVerified: false });
    expect(await roster.database.query("SELECT FROM identities WHERE subject = '4713'")).toHaveLength(1);
  });

  it('takes the users of Cognito, who have no passwords', async () => {
    const attributes = { sub: 'cg-1', email: 'cg-ada@example.com', email_verified: 'true', given_name: 'Ada' };
    const { code } = await importFrom('cognito', {
      Users: [
        {
          Username: 'cg-ada',
          Attributes: Object.entries(attributes).map(([Name, Value]) => ({ Name, Value })),
          Enabled: true,
          UserStatus: 'CONFIRMED',
        },
      ],
    });
    expect(code).toBe(0);
    expect(await userBy('cg-ada@example.com')).toMatchObject({
      firstName: 'Ada',
      username: 'cg-ada',
      emailVerified: true,
    });
  });
});

describe('an import', () => {
  it('is in the feed and in the log like any other change, and every chain verifies', async () => {
    const ada = await userBy('kc-ada@example.com');
    const token = await roster.signIn();
    const { body } = await roster.api
      .get(`/users/${String(ada?.['id'])}/history`)
      .set('authorization', `Bearer ${token}`)
      .expect(200);
    const types = (body as { items: { type: string; actor: unknown }[] }).items.map(({ type }) => type);
    expect(types.toSorted()).toEqual([
      'user.authenticator_added',
      'user.authenticator_added',
      'user.created',
      'user.email_verified',
    ]);
    const waiting = async () => (await roster.database.query('SELECT FROM event_outbox')).length;
    while ((await waiting()) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const [{ missing }] = (await roster.database.query<{ missing: number }>(
      'SELECT count(*)::int AS missing FROM user_events WHERE id NOT IN (SELECT event_id FROM event_positions)',
    )) as [{ missing: number }];
    expect(missing).toBe(0);
    const verified = await runCommand(['verify'], {
      DATABASE_URL: roster.database.url,
      SECRET_KEY: 'k3yZ'.repeat(12),
    });
    expect(verified.code).toBe(0);
  });

  it('sends no mail', () => expect(roster.inbox.mails).toEqual([]));
});

describe('somebody who was imported without a password', () => {
  const login = (identifier: string, password: string) => roster.api.post('/auth/login').send({ identifier, password });

  it('is asked about once at the old system, and has the password here from then on', async () => {
    await importFrom(
      'csv',
      'externalId,email,emailVerified\njit-1,jit-1@example.com,\njit-2,jit-2@example.com,false\n' +
        'none-1,none-1@example.com,\n',
    );
    await login('jit-1@example.com', `${PASSWORD}r`).expect(401);
    expect(OldSystem.asked.at(-1)).toMatchObject({ source: 'csv', externalId: 'jit-1', email: 'jit-1@example.com' });
    await login('jit-1@example.com', PASSWORD).expect(200);
    const times = OldSystem.asked.length;
    await login('jit-1@example.com', PASSWORD).expect(200);
    expect(OldSystem.asked).toHaveLength(times);
    expect(await storedHash('jit-1@example.com')).toMatch(/^bcrypt-hmac-sha384:/);
  });

  it('gets a mail with a link to choose one at the first try', async () => {
    await login('none-1@example.com', PASSWORD).expect(401);
    const token = tokenIn(await roster.inbox.waitFor('none-1@example.com'));
    await roster.api.post('/auth/reset-password').send({ token, newPassword: 'eight brown foxes at dusk' }).expect(204);
    await login('none-1@example.com', 'eight brown foxes at dusk').expect(200);
  });

  it('is not asked about once an owner has proved the address, who may be somebody else', async () => {
    await login('jit-2@example.com', 'not the right one').expect(401);
    const token = tokenIn(await roster.inbox.waitFor('jit-2@example.com'));
    await roster.api.post('/auth/reset-password').send({ token, newPassword: 'eight brown foxes at dusk' }).expect(204);
    await roster.database.query(
      `DELETE FROM password_credentials USING users WHERE users.id = user_id AND email = 'jit-2@example.com'`,
    );
    const times = OldSystem.asked.length;
    await login('jit-2@example.com', PASSWORD).expect(401);
    expect(OldSystem.asked).toHaveLength(times);
  });
});

describe('the id that somebody had elsewhere', () => {
  it('is in the export of the person, and gone with an erasure', async () => {
    const id = String((await userBy('jit-1@example.com'))?.['id']);
    const headers = { authorization: `Bearer ${await roster.signIn()}` };
    const exported = await roster.api.get(`/users/${id}/export`).set(headers).expect(200);
    expect((exported.body as { data: object }).data).toMatchObject({
      imports: { origin: { source: 'csv', externalId: 'jit-1' } },
    });
    await roster.api.post(`/users/${id}/erase`).set(headers).expect(204);
    expect(await roster.database.query('SELECT FROM imported_users WHERE user_id = $1', [id])).toEqual([]);
  });
});
