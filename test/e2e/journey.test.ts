import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tokenIn } from '../support/inbox.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
beforeAll(async () => (roster = await startRoster()));
afterAll(() => roster.stop());

describe('the main journey', () => {
  it('registers, mails a link, confirms by the page, signs in and shows the profile', async () => {
    const { api, inbox } = roster;
    await api
      .post('/auth/register')
      .send({ email: 'ada@example.com', password: PASSWORD, firstName: 'Ada' })
      .expect(202);

    await api
      .post('/auth/login')
      .send({ identifier: 'ada@example.com', password: PASSWORD })
      .expect(403)
      .expect((response) => expect(response.body).toMatchObject({ code: 'email-not-verified' }));

    const mail = await inbox.waitFor('ada@example.com');
    expect(mail.email.subject).toBe('Confirm your email address for Roster');
    expect(mail.text).toContain('Hello Ada,');
    const token = tokenIn(mail);

    const page = await api.get('/auth/verify-email').query({ token }).set('accept', 'text/html').expect(200);
    expect(page.headers['content-type']).toMatch('text/html');
    expect(page.text).toContain('ada@example.com');
    // Opening the link, as scanners do, uses nothing.
    await api.get('/auth/verify-email').query({ token }).set('accept', 'application/json').expect(200);

    const done = await api.post('/auth/verify-email').type('form').send({ token }).expect(200);
    expect(done.headers['content-type']).toMatch('text/html');

    const login = await api.post('/auth/login').send({ identifier: 'ada@example.com', password: PASSWORD }).expect(200);
    expect(login.body).toMatchObject({ tokenType: 'Bearer', expiresIn: 900, user: { status: 'ACTIVE' } });
    const { accessToken } = login.body as { accessToken: string };
    const me = await api.get('/users/me').set('authorization', `Bearer ${accessToken}`).expect(200);
    expect(me.body).toMatchObject({
      email: 'ada@example.com',
      emailVerified: true,
      role: 'AUTHENTICATED',
      firstName: 'Ada',
    });
  });
});
