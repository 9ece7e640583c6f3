import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Authenticator, type CreationOptions, type RequestOptions } from '../support/authenticator.js';
import { type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
beforeAll(async () => {
  roster = await startRoster();
});
afterAll(() => roster.stop());

const as = (token: string) => ({ authorization: `Bearer ${token}` });

async function creationOptions({ id, token }: { id: string; token: string }): Promise<CreationOptions> {
  const { body } = await roster.api.post(`/users/${id}/passkeys/options`).set(as(token)).expect(200);
  return body as CreationOptions;
}
async function requestOptions(): Promise<RequestOptions> {
  return (await roster.api.post('/auth/passkey/options').expect(200)).body as RequestOptions;
}

describe('a passkey', () => {
  it('is added and signs in', async () => {
    const ada = await roster.join('ada@example.com');
    const device = new Authenticator();
    const added = await roster.api
      .post(`/users/${ada.id}/passkeys`)
      .set(as(ada.token))
      .send({ credential: device.create(await creationOptions(ada)) });
    expect(added.body).toMatchObject({ name: 'Passkey' });
    const signedIn = await roster.api.post('/auth/passkey').send({ assertion: device.get(await requestOptions()) });
    expect(signedIn.body).toMatchObject({ user: { id: ada.id } });
    const session = await roster.api
      .get('/auth/session')
      .set(as((signedIn.body as { accessToken: string }).accessToken));
    expect(session.body).toMatchObject({ amr: ['hwk', 'user', 'mfa'] });
  });
});
