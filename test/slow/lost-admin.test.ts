import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FirstAdmin } from '../../src/auth/first-admin.js';
import { SETTINGS_TOKEN } from '../../src/config/settings.token.js';
import { DiscoveryService } from '@nestjs/core';
import { SecondFactor } from '../../src/auth/second-factors/second-factor.js';
import { loadSettings } from '../../src/config/settings.js';
import type { Keyring } from '../../src/database/keyring.js';
import type { PersonalData } from '../../src/events/personal-data.js';
import { secondFactorsAt } from '../../src/operator/parts.js';
import { addTotp } from '../support/totp.js';
import type { SignedIn } from '../support/two-rosters.js';
import { runCommand } from '../support/cli.js';
import { tokenIn } from '../support/inbox.js';
import { ADMIN, PASSWORD, type Roster, startRoster } from '../support/roster.js';

const LOCALHOST = 'admin@localhost';
const WRONG = 'seven idle boats on slate water';

let roster: Roster;
beforeEach(async () => void (roster = await startRoster({ ADMIN_EMAIL: LOCALHOST })));
afterEach(() => roster.stop());

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const users = (email: string) =>
  roster.database.query<{ id: string; role: string; pending: boolean }>('SELECT * FROM users WHERE email = $1', [
    email,
  ]);
const login = (identifier: string, password: string) => roster.api.post('/auth/login').send({ identifier, password });
const resetPassword = (...args: string[]) => adminCommand('reset-password', ...args);
const adminCommand = (...args: string[]) =>
  runCommand(['admin', ...args], {
    NODE_ENV: 'test',
    DATABASE_URL: roster.database.url,
    SECRET_KEY: 'k3yZ'.repeat(12),
    BCRYPT_COST: '4',
  });
const passwordIn = (stdout: string) => /^(\S+) {2}password (\S+) {2}\(shown only once\)$/m.exec(stdout)?.slice(1) ?? [];

describe('roster admin reset-password', () => {
  it('prints a password once that signs the only admin in, ends its sessions, links and lock, and tells it by mail', async () => {
    const session = await roster.signIn(LOCALHOST);
    await roster.api.post('/auth/request-password-reset').send({ email: LOCALHOST }).expect(202);
    const link = tokenIn(await roster.inbox.waitFor(LOCALHOST));
    for (let time = 0; time < 5; time++) await login(LOCALHOST, WRONG).expect(401);
    await login(LOCALHOST, ADMIN.password).expect(401);

    const { code, stdout, stderr } = await resetPassword();

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [identifier, password = ''] = passwordIn(stdout);
    expect(identifier).toBe(LOCALHOST);
    await login(LOCALHOST, password).expect(200);
    await login(LOCALHOST, ADMIN.password).expect(401);
    await roster.api.get('/users/me').set(as(session)).expect(401);
    await roster.api.post('/auth/reset-password').send({ token: link, newPassword: PASSWORD }).expect(410);
    const mails = await roster.database.query<{ template: string }>('SELECT template FROM mails ORDER BY created_at');
    expect(mails.map(({ template }) => template)).toContain('password-changed');
    const events = await roster.database.query(
      `SELECT actor FROM user_events JOIN users ON users.id = user_id
       WHERE type = 'user.password_changed' AND email = $1`,
      [LOCALHOST],
    );
    expect(events).toEqual([{ actor: { kind: 'system' } }]);
    expect(JSON.stringify(roster.logLines())).not.toContain(password);
  });

  it('asks for a name among several, takes address, username and id, and makes nobody an admin while there is one', async () => {
    const token = await roster.signIn(LOCALHOST);
    const create = async (input: object) =>
      (await roster.api.post('/users').set(as(token)).send(input).expect(201)).body as { id: string };
    const second = await create({ email: 'second@example.com', username: 'second', password: PASSWORD, role: 'ADMIN' });
    await create({ firstName: 'Ghost', role: 'ADMIN' });
    const user = await roster.join('user@example.com');

    const unnamed = await resetPassword();
    expect(unnamed.code).toBe(1);
    expect(unnamed.stderr).toMatch(/several admins[^]+--user[^]+admin@localhost\n {2}second@example.com/);
    for (const name of ['SECOND@example.com', 'second', second.id]) {
      const { stdout } = await resetPassword('--user', name);
      const [identifier = '', password = ''] = passwordIn(stdout);
      await login(identifier, password).expect(200);
    }
    const refused = await resetPassword('--user', user.id);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('user@example.com is not an admin');
    await login('user@example.com', PASSWORD).expect(200);
    expect((await resetPassword('--user', 'nobody@example.com')).stderr).toContain('No user nobody@example.com');
  });

  it.each(['suspend', 'delete', 'demote'])('lets the one in again whom a release before let %s itself', async (way) => {
    const token = await roster.signIn(LOCALHOST);
    await roster.api.post('/users').set(as(token)).send({ firstName: 'Ghost', role: 'ADMIN' }).expect(201);
    const [admin] = await users(LOCALHOST);
    const helper = await roster.join('helper@example.com');
    await roster.api.put(`/users/${helper.id}/role`).set(as(token)).send({ role: 'ADMIN' }).expect(200);
    const path = `/users/${admin!.id}`;
    const request = {
      suspend: () => roster.api.post(`${path}/suspend`).send({}),
      delete: () => roster.api.delete(path),
      demote: () => roster.api.put(`${path}/role`).send({ role: 'MANAGER' }),
    }[way];
    expect((await request!().set(as(helper.token))).ok).toBe(true);
    await roster.database.query("UPDATE users SET role = 'MANAGER' WHERE id = $1", [helper.id]);
    expect(await roster.app.get(FirstAdmin, { strict: false }).hint()).toBe('no-way-in');

    const { stdout, code } = await resetPassword('--user', LOCALHOST);

    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('it is an active ADMIN now') });
    const [, password = ''] = passwordIn(stdout);
    const { body: signedIn } = await login(LOCALHOST, password).expect(200);
    await roster.api
      .get('/users')
      .set(as(String(signedIn.accessToken)))
      .expect(200);
    expect(await roster.app.get(FirstAdmin, { strict: false }).hint()).toBeUndefined();
  });
});

describe('roster admin create', () => {
  it('prints the password of a new admin once, and takes no address that somebody has', async () => {
    await roster.api.post('/auth/register').send({ email: 'new@example.com', password: PASSWORD }).expect(202);
    const { code, stdout } = await adminCommand('create', '--email', 'new@example.com');
    expect(code).toBe(0);
    const [identifier = '', password = ''] = passwordIn(stdout);
    const { body } = await login(identifier, password).expect(200);
    expect(body).toMatchObject({ user: { email: 'new@example.com', role: 'ADMIN', emailVerified: true } });
    expect([401, 403]).toContain((await login('new@example.com', PASSWORD)).status);

    const again = await adminCommand('create', '--email', 'NEW@example.com');
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('belongs to a user already') });
    expect(await adminCommand('create', '--email', 'new')).toMatchObject({ code: 1 });
  });
});

describe('roster admin reset-factors', () => {
  it('lets an admin in again who has lost the second factor, ends its sessions, and tells it by mail', async () => {
    const session = await roster.signIn(LOCALHOST);
    await addTotp(roster, session);
    const [admin] = await users(LOCALHOST);
    await login(LOCALHOST, ADMIN.password).expect(403);

    const { code, stdout } = await adminCommand('reset-factors', '--user', LOCALHOST);

    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(`Removed from ${LOCALHOST}: totp`) });
    await roster.api.get('/users/me').set(as(session)).expect(401);
    const { body } = await login(LOCALHOST, ADMIN.password).expect(200);
    const factors = await roster.api.get('/users/me/factors').set(as((body as SignedIn).accessToken));
    expect(factors.body).toEqual({ items: [], recoveryCodesLeft: 0 });
    const told = await roster.inbox.about(LOCALHOST, /was removed/);
    expect(told.text).toContain('Authenticator app');
    const events = await roster.database.query(
      "SELECT actor, data ->> 'kind' AS kind FROM user_events WHERE user_id = $1 AND type = 'user.authenticator_removed'",
      [admin!.id],
    );
    expect(events).toEqual([{ actor: { kind: 'system' }, kind: 'totp' }]);
    expect((await adminCommand('reset-factors', '--user', admin!.id)).stdout).toContain('had no second factor');
    expect((await adminCommand('reset-factors', '--user', 'nobody@example.com')).code).toBe(1);
  });

  it('knows every second factor of the server', () => {
    const methods = (providers: readonly unknown[]) =>
      providers.flatMap((provider) => (provider instanceof SecondFactor ? [provider.method] : [])).sort();
    const ofServer = roster.app.get(DiscoveryService, { strict: false }).getProviders();
    const parts = { settings: loadSettings({}), personalData: {} as PersonalData, keyring: {} as Keyring };
    expect(methods(secondFactorsAt(parts))).toEqual([
      ...new Set(methods(ofServer.map(({ instance }) => instance as unknown))),
    ]);
  });
});

describe('the address of the first admin', () => {
  it('is taken by every form that names an account, though it has no dot, and by none that makes one', async () => {
    await roster.api.post('/auth/request-password-reset').send({ email: LOCALHOST }).expect(202);
    const token = tokenIn(await roster.inbox.waitFor(LOCALHOST));
    await roster.api.post('/auth/reset-password').send({ token, newPassword: PASSWORD }).expect(204);
    await login('Admin@LOCALHOST', PASSWORD).expect(200);
    await roster.api.post('/auth/magic-link/request').send({ email: LOCALHOST }).expect(202);
    const link = tokenIn(await roster.inbox.waitFor(LOCALHOST, 3));
    await roster.api.post('/auth/magic-link').send({ token: link }).expect(200);

    await roster.api.post('/auth/register').send({ email: 'root@localhost', password: PASSWORD }).expect(400);
    await roster.api.post('/auth/magic-link/request').send({ email: 'root@localhost' }).expect(202);
    await roster.api.post('/auth/magic-link/request').send({ email: 'last@example.com' }).expect(202);
    await roster.inbox.waitFor('last@example.com');
    expect(await users('root@localhost')).toEqual([]);
  });
});

describe('a start', () => {
  const start = (ADMIN_EMAIL: string) => {
    Object.assign(roster.app.get<object>(SETTINGS_TOKEN, { strict: false }), { ADMIN_EMAIL });
    return roster.app.get(FirstAdmin, { strict: false }).ensure();
  };

  it('makes the first admin though somebody has registered before it, and of nobody who is there', async () => {
    await roster.join('early@example.com');
    await roster.api.post('/auth/register').send({ email: 'claimed@example.com', password: PASSWORD }).expect(202);
    // As if both had come between the start and its admin.
    await roster.database.query("UPDATE users SET role = 'AUTHENTICATED' WHERE role = 'ADMIN'");

    await expect(start('early@example.com')).rejects.toThrow(
      /ADMIN_EMAIL: early@example.com belongs to a user who is not an admin/,
    );
    expect(await start('claimed@example.com')).toEqual({ email: 'claimed@example.com', generatedPassword: null });
    expect(await start('another@example.com')).toBeUndefined();

    expect(await users('early@example.com')).toMatchObject([{ role: 'AUTHENTICATED' }]);
    const owners = (await users('claimed@example.com')).filter(({ pending }) => !pending);
    expect(owners).toMatchObject([{ role: 'ADMIN' }]);
    await roster.signIn('claimed@example.com', ADMIN.password);
    const { status } = await login('claimed@example.com', PASSWORD);
    expect(status).toBeGreaterThanOrEqual(401);
    expect(status).toBeLessThanOrEqual(403);
  });

  it('tells of an admin who has never signed in how to go on without the password', async () => {
    const hint = () => roster.app.get(FirstAdmin, { strict: false }).hint();
    expect(await hint()).toBeUndefined();
    // As if the password had been made up, and printed once.
    Object.assign(roster.app.get<object>(SETTINGS_TOKEN, { strict: false }), { ADMIN_PASSWORD: undefined });
    expect(await hint()).toBe('never-signed-in');
    await roster.signIn(LOCALHOST);
    expect(await hint()).toBeUndefined();
  });
});
