import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Roster, startRoster } from '../support/roster.js';

let first: Roster;
let second: Roster;
beforeAll(async () => {
  first = await startRoster();
  second = await startRoster();
});
afterAll(async () => {
  await first.stop();
  await second.stop();
});

const me = (roster: Roster, token: string) => roster.api.get('/users/me').set('authorization', `Bearer ${token}`);

describe('two Rosters in one process', () => {
  it('know each its own people, and only them', async () => {
    const ada = await first.join('ada@first.example');
    const eve = await second.join('eve@second.example');
    expect((await me(first, ada.token).expect(200)).body).toMatchObject({ id: ada.id, email: 'ada@first.example' });
    expect((await me(second, eve.token).expect(200)).body).toMatchObject({ id: eve.id, email: 'eve@second.example' });
    await me(first, eve.token).expect(401);
    await me(second, ada.token).expect(401);
  });
});
