import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Roster } from '../support/roster.js';
import { type Answer, type TotpUser, TotpUsers } from '../support/totp-users.js';
import { codeOf, freshCode, ticketOf } from '../support/totp.js';
import { as, TwoRosters } from '../support/two-rosters.js';

let two: TwoRosters;
let roster: Roster;
let users: TotpUsers;
beforeAll(async () => {
  two = await TwoRosters.start();
  roster = two.one;
  users = new TotpUsers(roster);
});
afterAll(() => two.stop());

describe('of sixteen uses at once, over two servers', () => {
  const atOnce = async (uses: readonly ((at: Roster) => PromiseLike<Answer>)[]): Promise<number[]> => {
    const answers = await Promise.all(uses.map((use, index) => use(index % 2 === 0 ? two.one : two.other)));
    return answers.map(({ status }) => status).filter((status) => status === 200);
  };
  const tickets = async ({ email }: TotpUser): Promise<string[]> => {
    const answers = await Promise.all(Array.from({ length: 16 }, () => users.login(email)));
    return answers.map(ticketOf);
  };

  it.each(['totp', 'recovery-code'] as const)('one code (%s) lets in once', async (method) => {
    const person = await users.join(`race-${method}`);
    const before = await users.sessionsOf(person.id);
    const all = await tickets(person);
    const code = method === 'totp' ? await freshCode(roster, person.secret, person.id) : person.recoveryCodes[0]!;
    expect(await atOnce(all.map((token) => (at) => users.present(token, code, { method }, at)))).toEqual([200]);
    expect(await users.sessionsOf(person.id)).toBe(before + 1);
  });

  it('one ticket lets in once, with whichever of eleven right codes', async () => {
    const person = await users.join('race-ticket');
    const token = ticketOf(await users.login(person.email));
    const app = await freshCode(roster, person.secret, person.id);
    const proofs = [
      ...person.recoveryCodes.map((code) => ({ code, method: 'recovery-code' })),
      ...Array.from({ length: 6 }, () => ({ code: app, method: 'totp' })),
    ];
    expect(await atOnce(proofs.map((proof) => (at) => users.present(token, proof.code, proof, at)))).toEqual([200]);
  });
});

describe('wrong codes', () => {
  it('however many, neither lock the password nor a device that is known', async () => {
    const person = await users.join('guessed');
    const { deviceToken } = await users.signIn(person);
    const statuses = (await users.guess(person, 60)).map(({ status }) => status);
    expect(statuses.filter((status) => status !== 429)).toEqual([403, 403, 403, 403, 403]);
    await users.login(person.email).expect(403, /second-factor-required/);
    const { body } = await roster.api
      .get(`/users/${person.id}`)
      .set(as(await roster.signIn()))
      .expect(200);
    expect(body).toMatchObject({ status: 'ACTIVE', lockedUntil: null });
    const token = ticketOf(await users.login(person.email, { deviceToken }));
    await users.present(token, await freshCode(roster, person.secret, person.id), { deviceToken }).expect(200);
    // Nor does that success end the wait of the others.
    await users.present(ticketOf(await users.login(person.email)), await codeOf(person.secret, 1)).expect(429);
  });

  it('of many known devices are counted together, too', async () => {
    const person = await users.join('many-devices');
    const devices: string[] = [];
    for (let count = 0; count < 6; count++) devices.push((await users.signIn(person)).deviceToken);
    for (const deviceToken of devices.slice(0, 5)) await users.guess(person, 5, { deviceToken });
    const deviceToken = devices[5] ?? '';
    const right = await freshCode(roster, person.secret, person.id);
    const refused = await users.present(ticketOf(await users.login(person.email, { deviceToken })), right, {
      deviceToken,
    });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(3500);
    // Unknown devices have a count of their own.
    await users.present(ticketOf(await users.login(person.email)), right).expect(200);
  });
});
