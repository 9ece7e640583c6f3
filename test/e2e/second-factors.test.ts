import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';
import { addTotp, codeOf, freshCode, ticketOf } from '../support/totp.js';
import { as } from '../support/two-rosters.js';

let roster: Roster;
beforeAll(async () => {
  roster = await startRoster();
});
afterAll(() => roster.stop());

const login = (identifier: string, choice: object = {}) =>
  roster.api.post('/auth/login').send({ identifier, password: PASSWORD, ...choice });
const present = (token: string, code: string, more: object = {}) =>
  roster.api.post('/auth/second-factor').send({ token, method: 'totp', code, ...more });

describe('a user with an authenticator app', () => {
  it('signs in with password and code', async () => {
    const { id, token } = await roster.join('app@example.com');
    const { secret, recoveryCodes } = await addTotp(roster, token);
    expect(recoveryCodes).toHaveLength(10);
    const first = await login('app@example.com').expect(403);
    expect(first.body).toMatchObject({
      code: 'second-factor-required',
      continueWith: { methods: ['totp', 'recovery-code'], expiresIn: 300 },
    });
    const signedIn = await present(ticketOf(first), await freshCode(roster, secret, id)).expect(200);
    const { accessToken } = signedIn.body as { accessToken: string };
    const session = await roster.api.get('/auth/session').set(as(accessToken)).expect(200);
    expect(session.body.amr).toEqual(['pwd', 'otp', 'mfa']);
    await present(ticketOf(first), await codeOf(secret, 1)).expect(410);
  });
});
