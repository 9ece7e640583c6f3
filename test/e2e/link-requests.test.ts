import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { forgetThrottle } from '../support/links.js';
import { type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
beforeAll(async () => (roster = await startRoster()));
afterAll(() => roster.stop());

const context = { actor: { kind: 'anonymous' }, traceId: 'before-the-upgrade', ip: '203.0.113.5', userAgent: null };

/** As a request waits in the queue, in the words of this release or the one before. */
const queue = (job: string, payload: object, when = '0 s') =>
  roster.database.query('SELECT graphile_worker.add_job($1, $2::json, run_at := now() + $3::interval)', [
    job,
    { ...payload, context },
    when,
  ]);
const waiting = () =>
  roster.database.query<{ identifier: string }>(
    `SELECT identifier FROM graphile_worker._private_jobs AS job
     JOIN graphile_worker._private_tasks AS task ON task.id = job.task_id ORDER BY identifier`,
  );

describe('a request for a link that the release before has queued', () => {
  it('is answered with a fresh verification link', async () => {
    await roster.api.post('/auth/register').send({ email: 'fresh@example.com', password: 'nine brown foxes at dawn' });
    await roster.inbox.waitFor('fresh@example.com');
    await forgetThrottle(roster);
    await queue('auth.resend-verification', { address: 'fresh@example.com' });
    await roster.inbox.waitFor('fresh@example.com', 2);
  });

  it('is answered with a link to choose a new password', async () => {
    await roster.join('reset@example.com');
    await queue('auth.request-password-reset', { address: 'reset@example.com' });
    await roster.inbox.about('reset@example.com', /password/i);
  });

  it('is answered with a link to sign in by, to the address as it was typed', async () => {
    await queue('auth.request-magic-link', { email: 'Sign.In@example.com', address: 'sign.in@example.com' });
    await roster.inbox.about('Sign.In@example.com', /sign in/i);
  });
});

describe('the erasure of a person', () => {
  it('removes their requests for links from the queue, those of the release before as well', async () => {
    const { id } = await roster.join('gone@example.com');
    await eventually(async () => (await waiting()).length === 0);
    const address = 'gone@example.com';
    for (const purpose of ['verify-email', 'magic-link', 'reset-password']) {
      await queue('auth.request-link', { purpose, email: 'Gone@example.com', address }, '1 day');
    }
    for (const job of ['auth.resend-verification', 'auth.request-magic-link', 'auth.request-password-reset']) {
      await queue(job, { address }, '1 day');
    }
    await queue(
      'auth.request-link',
      { purpose: 'magic-link', email: 'stays@example.com', address: 'stays@example.com' },
      '1 day',
    );
    const admin = { authorization: `Bearer ${await roster.signIn()}` };
    await roster.api.delete(`/users/${id}`).set(admin).expect(204);
    await roster.api.post(`/users/${id}/erase`).set(admin).expect(204);
    expect(await waiting()).toEqual([{ identifier: 'auth.request-link' }, { identifier: 'users.erase-again' }]);
  });
});
