import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RATE_RULES } from '../../src/access/limit.decorator.js';
import { useUp } from '../support/rate-limits.js';
import { PASSWORD } from '../support/roster.js';
import { TwoRosters } from '../support/two-rosters.js';

// The proxy is this test.
const ENVIRONMENT = { RATE_LIMIT_ENABLED: 'true', TRUST_PROXY: '127.0.0.1', LOCKOUT_THRESHOLD: '1000' };

let two: TwoRosters;
beforeAll(async () => void (two = await TwoRosters.start({}, ENVIRONMENT)));
afterAll(() => two.stop());

const login = (
  server: TwoRosters['one'],
  identifier: string,
  ip: string,
  password = 'seven idle boats on slate water',
) => server.api.post('/auth/login').set('x-forwarded-for', ip).send({ identifier, password });
const forgetAll = () => two.one.database.query('DELETE FROM rate_limits');
const statuses = (answers: readonly { status: number }[]) => answers.map(({ status }) => status);
const times = (count: number) => Array.from({ length: count }, (_, index) => index);
const sessionIps = async (email: string) =>
  (
    await two.one.database.query<{ ip: string }>(
      `SELECT host(ip) AS ip FROM sessions WHERE user_id = (SELECT id FROM users WHERE email = $1) ORDER BY created_at`,
      [email],
    )
  ).map(({ ip }) => ip);

describe('X-Forwarded-For', () => {
  it.each([
    ['an address and a port', (index: number) => `198.51.100.90:${1024 + index}`, '198.51.100.90'],
    ['IPv6 in brackets and a port', (index: number) => `[2001:db8:9::${index}]:${1024 + index}`, '2001:db8:9::399'],
    [
      'IPv4 in IPv6, in two spellings',
      (index: number) => `::ffff:${index % 2 ? '198.51.100.91' : 'c633:645b'}`,
      '198.51.100.91',
    ],
    ['no address at all', (index: number) => ['unknown', '_hidden', '-', `x${index}`][index % 4]!, '127.0.0.1'],
  ])('with %s leaves the client one client: of 400 tries to sign in, few are looked at', async (_, said, address) => {
    const email = `said-${address.replaceAll(/[.:]/g, '-')}@example.com`;
    await two.one.join(email);
    await forgetAll();
    await login(two.one, email, said(399), PASSWORD).expect(200);
    expect((await sessionIps(email)).at(-1)).toBe(address);
    await forgetAll();
    const limit = RATE_RULES['sign-in-by-client'].times;
    await useUp(two.one, 'sign-in-by-client', address);
    // A name of its own each time: only the address can be what is counted.
    const answers = await Promise.all(
      times(400).map((index) => login(index % 2 ? two.one : two.other, `nobody-${index}@example.com`, said(index))),
    );
    const refused = statuses(answers).filter((status) => status === 429).length;
    // The limit may begin anew once meanwhile.
    expect(refused).toBeGreaterThanOrEqual(400 - 2 * limit);
    expect(statuses(answers).filter((status) => ![401, 429, 503].includes(status))).toEqual([]);
  });
});
