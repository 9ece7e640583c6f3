import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCommand } from '../support/cli.js';
import { type Roster, startRoster } from '../support/roster.js';
import { as } from '../support/two-rosters.js';

let roster: Roster;
beforeAll(async () => void (roster = await startRoster()));
afterAll(() => roster.stop());

describe('roster service-account create', () => {
  const create = (...args: string[]) =>
    runCommand(['service-account', 'create', ...args], {
      NODE_ENV: 'test',
      DATABASE_URL: roster.database.url,
      SECRET_KEY: 'k3yZ'.repeat(12),
      BCRYPT_COST: '4',
    });

  it('prints the key of a new account once, and says what is wrong with an option', async () => {
    const { code, stdout } = await create('--name', 'Exporter', '--role', 'AUTHENTICATED', '--scope', 'users:read');
    expect(code).toBe(0);
    const [, made, key = ''] = /^id {3}(\S+)\nkey {2}(\S+) {2}\(shown only once\)$/m.exec(stdout) ?? [];
    const { body } = await roster.api.get('/users/me').set(as(key)).expect(200);
    expect(body).toMatchObject({ id: made, kind: 'SERVICE', nickname: 'Exporter' });

    const wrong = await create('--name', 'Exporter', '--role', 'ADMIN', '--network', '10.0.0.1/8');
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('networks: must hold addresses') });
  });
});
