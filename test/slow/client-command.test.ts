import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Clients } from '../../src/openid/clients/clients.js';
import { runCommand } from '../support/cli.js';
import { type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
beforeAll(async () => void (roster = await startRoster()));
afterAll(() => roster.stop());

const REDIRECT = 'https://grafana.example.com/login/generic_oauth';
const command = (...args: string[]) =>
  runCommand(['client', ...args], {
    NODE_ENV: 'test',
    DATABASE_URL: roster.database.url,
    SECRET_KEY: 'k3yZ'.repeat(12),
    PUBLIC_URL: 'https://id.example.com',
  });
const accepts = (clientId: string, secret: string) =>
  roster.app.get(Clients, { strict: false }).verifySecret(clientId, secret);
const clientAt = (clientId: string) => roster.app.get(Clients, { strict: false }).find(clientId);

describe('roster client', () => {
  it('registers a client, prints its secret once, lists it, rotates its secret and deletes it', async () => {
    const created = await command('create', '--name', 'Grafana', '--redirect-uri', REDIRECT, '--first-party');
    expect(created).toMatchObject({ code: 0, stderr: '' });
    const [, id = '', secret = ''] =
      /^client id {6}(\S+)\nclient secret {2}(\S+) {2}\(shown only once\)\nissuer {9}https:\/\/id\.example\.com\n$/.exec(
        created.stdout,
      ) ?? [];
    expect(await clientAt(id)).toMatchObject({ name: 'Grafana', redirectUris: [REDIRECT], firstParty: true });
    expect(await accepts(id, secret)).toBe(true);

    expect((await command('list')).stdout).toBe(`${id}  Grafana  ${REDIRECT}\n`);

    const rotated = await command('rotate-secret', '--id', id, '--overlap', '0', '--json');
    const { clientSecret } = JSON.parse(rotated.stdout) as { clientSecret: string };
    expect([await accepts(id, secret), await accepts(id, clientSecret)]).toEqual([false, true]);

    expect(await command('delete', '--id', id)).toMatchObject({ code: 0, stdout: `Deleted client ${id}.\n` });
    expect(await clientAt(id)).toBeUndefined();
    const admin = { authorization: `Bearer ${await roster.signIn()}` };
    const { body } = await roster.api.get(`/clients/${id}/events`).set(admin).expect(200);
    expect((body as { items: { type: string; actor: object }[] }).items).toMatchObject([
      { type: 'client.deleted', actor: { kind: 'system' } },
      { type: 'client.secret_rotated', actor: { kind: 'system' } },
      { type: 'client.created', actor: { kind: 'system' } },
    ]);
  });

  it('registers a client of several redirect URIs and a device code, as JSON', async () => {
    const { stdout } = await command(
      ...['create', '--name', 'CLI', '--public', '--json'],
      ...['--redirect-uri', 'http://127.0.0.1/callback', 'com.example.cli:/callback'],
      ...['--grant-type', 'authorization_code', 'device_code', 'refresh_token'],
    );
    const { clientId, ...rest } = JSON.parse(stdout) as { clientId: string };
    expect(rest).toEqual({ issuer: 'https://id.example.com' });
    expect(await clientAt(clientId)).toMatchObject({
      redirectUris: ['http://127.0.0.1/callback', 'com.example.cli:/callback'],
      grantTypes: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
      public: true,
    });
  });

  it('says what is wrong, and registers nothing', async () => {
    const bad = await command(
      'create',
      '--name',
      'Bad',
      '--redirect-uri',
      'http://app.example.com/',
      '--scope',
      'admin',
    );
    expect(bad).toMatchObject({ code: 1, stdout: '' });
    expect(bad.stderr).toContain('scopes: must be of: openid');
    const bare = await command('create', '--name', 'Bare');
    expect(bare.stderr).toContain('redirectUris: must have at least one URI');
    const unknown = await command('delete', '--id', '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071');
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain('Client not found.');
    expect(await roster.database.query("SELECT FROM clients WHERE name LIKE 'Ba%'")).toEqual([]);
  });
});
