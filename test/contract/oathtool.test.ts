import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { roomInStep, ticketOf } from '../support/totp.js';
import { as } from '../support/two-rosters.js';

const run = promisify(execFile);

let roster: Roster;
beforeAll(async () => (roster = await startRoster()));
afterAll(() => roster.stop());

/** The code that oathtool shows, some seconds from now. @throws Error saying how to get it where it is not */
async function oathtool(secret: string, seconds = 0): Promise<string> {
  await roomInStep(3);
  const time = new Date(Date.now() + seconds * 1000).toISOString().replace('T', ' ').replace(/\..*/, ' UTC');
  const said = run(process.env['OATHTOOL_PATH'] ?? 'oathtool', ['--totp', '--base32', `--now=${time}`, secret]);
  const { stdout } = await said.catch((cause: unknown) => {
    throw new Error('This test needs oathtool, on the PATH or in OATHTOOL_PATH: apt-get install oathtool', { cause });
  });
  return stdout.trim();
}

describe('an authenticator app of another make', () => {
  it('is set up, and signs in with codes of now, of one step before, and of one after', async () => {
    const { id, token } = await roster.join('oathtool@example.com');
    const { body } = await roster.api.post('/users/me/totp').set(as(token)).expect(200);
    const { secret } = body as { secret: string };
    const code = await oathtool(secret);
    await roster.api.post('/users/me/totp/confirm').set(as(token)).send({ code }).expect(200);
    await roster.database.query('UPDATE totp_credentials SET last_step = 0 WHERE user_id = $1', [id]);
    for (const seconds of [-30, 0, 30]) {
      const first = await roster.api
        .post('/auth/login')
        .send({ identifier: 'oathtool@example.com', password: PASSWORD });
      const proof = { token: ticketOf(first), method: 'totp', code: await oathtool(secret, seconds) };
      await roster.api.post('/auth/second-factor').send(proof).expect(200);
    }
    const first = await roster.api.post('/auth/login').send({ identifier: 'oathtool@example.com', password: PASSWORD });
    const used = { token: ticketOf(first), method: 'totp', code: await oathtool(secret, 30) };
    await roster.api.post('/auth/second-factor').send(used).expect(403);
    expect(code).toMatch(/^\d{6}$/);
  });
});
