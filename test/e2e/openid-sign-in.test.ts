import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Application, backFrom } from '../support/openid.js';
import { PageBrowser } from '../support/page-browser.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
let admin: string;
let grafana: Application;
beforeAll(async () => {
  roster = await startRoster();
  admin = await roster.signIn();
  grafana = await Application.register(roster, admin, { firstParty: true });
});
afterAll(() => roster.stop());

describe('an application', () => {
  it('signs somebody in, and learns who it is', async () => {
    const { id } = await roster.join('ada@example.com', { firstName: 'Ada' });
    const browser = new PageBrowser(roster);
    const { path, checks } = await grafana.begin();
    const page = await browser.follow(await browser.open(path));
    expect(page.path).toMatch(/^\/sign-in\?/);
    const answer = await browser.submit(page, { identifier: 'ada@example.com', password: PASSWORD });
    const back = backFrom(answer);
    const tokens = await grafana.exchange({ back, checks });
    const { body } = await grafana.userinfo(tokens.access_token).expect(200);
    expect(body).toMatchObject({ sub: id, email: 'ada@example.com', email_verified: true, role: 'AUTHENTICATED' });
  });
});
