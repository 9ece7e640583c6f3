import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCommand } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

interface Details {
  readonly status: string;
  readonly checks: {
    name: string;
    state: string;
    since: string;
    text: string;
    advice: string | null;
    reason: string | null;
  }[];
  readonly queues: { name: string; text: string; waiting: number; failed: number; dueSince: string | null }[];
  readonly versions: Record<string, string | null>;
  readonly verification: { text: string; finishedAt: string | null; users: number; faults: number };
  readonly providers: object[];
  readonly settings: { name: string; value: string | null; origin: string; isSecret: boolean }[];
}
interface Mail {
  readonly id: string;
  readonly userId: string;
  readonly template: string;
  readonly state: string;
  readonly recipient: string;
  readonly reason: string | null;
  readonly _links: object;
}

let roster: Roster;
let admin: string;
let manager: { id: string; token: string };
beforeAll(async () => {
  roster = await startRoster({
    METRICS_TOKEN: 'a-token-for-the-figures-of-this-test',
    PROVIDERS: 'google,corp',
    GOOGLE_CLIENT_ID: 'roster-at-google',
    GOOGLE_CLIENT_SECRET: 'a-secret-of-google',
    CORP_ISSUER: 'https://sso.corp.example.com/realms/staff',
    CORP_CLIENT_ID: 'roster',
    CORP_CLIENT_SECRET: 'a-secret-of-corp',
    CORP_NAME: 'Corp & Co',
    TRUSTED_EMAIL_PROVIDERS: 'corp',
  });
  admin = await roster.signIn();
  manager = await roster.join('manager@example.com');
  await roster.api.put(`/users/${manager.id}/role`).set(as(admin)).send({ role: 'MANAGER' }).expect(200);
});
afterAll(() => roster.stop());

const as = (token: string) => ({ authorization: `Bearer ${token}` });
async function details(language = 'en'): Promise<Details> {
  const { body } = await roster.api.get('/health/details').set(as(admin)).set('accept-language', language).expect(200);
  return body as Details;
}
async function mails(query: string, token = manager.token): Promise<Mail[]> {
  const { body } = await roster.api.get(`/mails?${query}`).set(as(token)).expect(200);
  return (body as { items: Mail[] }).items;
}

describe('the health in words', () => {
  it('is for admins, and says of each check since when, what it means and what to do', async () => {
    await roster.api.get('/health/details').set(as(manager.token)).expect(403);
    const up = await details();
    expect(up).toMatchObject({ status: 'up', versions: { node: process.versions.node, schema: expect.any(String) } });
    const mail = (of: Details) => of.checks.find(({ name }) => name === 'mail')!;
    expect(mail(up)).toMatchObject({ state: 'up', advice: null, reason: null });
    await roster.inbox.down();
    const down = await details('de');
    expect(down.status).toBe('degraded');
    expect(mail(down)).toMatchObject({
      state: 'down',
      text: expect.stringContaining('Der SMTP-Server ist nicht nutzbar'),
      advice: expect.stringContaining('SMTP_URL'),
      reason: expect.stringContaining('SMTP'),
    });
    expect(mail(await details()).since).toBe(mail(down).since);
    await roster.inbox.up();
    expect(mail(await details()).state).toBe('up');
  });

  it('counts what waits and what was given up in each queue', async () => {
    const before = await details();
    expect(before.queues.map(({ name }) => name)).toEqual(['events', 'jobs', 'mails', 'webhooks', 'sink:webhooks']);
    roster.inbox.refusals.set('given-up@example.com', 550);
    await roster.api.post('/auth/register').send({ email: 'given-up@example.com', password: PASSWORD }).expect(202);
    const mailsOf = ({ queues }: Details) => queues.find(({ name }) => name === 'mails')!;
    await eventually(async () => mailsOf(await details()).failed === mailsOf(before).failed + 1);
  });

  it('tells the last verification of the log, once there was one', async () => {
    expect((await details()).verification).toMatchObject({
      finishedAt: null,
      text: expect.stringContaining('never verified'),
    });
    const environment = { NODE_ENV: 'test', DATABASE_URL: roster.database.url, SECRET_KEY: 'k3yZ'.repeat(12) };
    expect(await runCommand(['verify'], environment)).toMatchObject({ code: 0 });
    const { verification } = await details();
    expect(verification).toMatchObject({ faults: 0, text: expect.stringContaining('intact') });
    expect(verification.users).toBeGreaterThan(1);
  });

  it('lists the providers of sign-ins with the callback to register, and no secret', async () => {
    const whole = await details();
    const callbackOf = (id: string) => `http://localhost:3000/auth/providers/${id}/callback`;
    expect(whole.providers).toEqual([
      {
        ...{ id: 'google', name: 'Google', preset: 'google', issuer: 'https://accounts.google.com', isTrusted: false },
        ...{ callbackUrl: callbackOf('google'), identities: 0, lastUsedAt: null },
      },
      {
        ...{ id: 'corp', name: 'Corp & Co', preset: null, issuer: 'https://sso.corp.example.com/realms/staff' },
        ...{ isTrusted: true, callbackUrl: callbackOf('corp'), identities: 0, lastUsedAt: null },
      },
    ]);
    expect(JSON.stringify(whole)).not.toContain('a-secret-of');
  });

  it('says of each provider how many accounts are linked, and when one of them was last used', async () => {
    const [at, before] = [new Date('2026-01-02T03:04:05Z'), new Date('2026-01-01T00:00:00Z')];
    for (const [subject, used] of [
      ['1', before],
      ['2', at],
      ['3', null],
    ] as const) {
      await roster.database.query(
        `INSERT INTO identities (id, user_id, provider, issuer, subject, profile, last_used_at)
         VALUES (gen_random_uuid(), $1, 'corp', 'https://sso.corp.example.com', $2, '', $3)`,
        [manager.id, subject, used],
      );
    }
    const { providers } = await details();
    expect(providers).toMatchObject([
      { id: 'google', identities: 0, lastUsedAt: null },
      { id: 'corp', identities: 3, lastUsedAt: at.toISOString() },
    ]);
    await roster.database.query('DELETE FROM identities');
  });

  it('shows every setting, and no secret', async () => {
    const { settings } = await details();
    expect(settings.find(({ name }) => name === 'METRICS_TOKEN')).toMatchObject({ isSecret: true, origin: 'set' });
    expect(settings.find(({ name }) => name === 'BCRYPT_COST')).toMatchObject({ value: '4', origin: 'set' });
    const { password } = new URL(roster.database.url);
    const text = JSON.stringify(settings);
    for (const secret of ['k3yZ', 'a-token-for', 'correct horse', password].filter((one) => one !== '')) {
      expect(text).not.toContain(secret);
    }
  });
});

describe('the mails of all users', () => {
  it('are found by state, template, recipient and person, with the reason', async () => {
    await eventually(async () => (await mails('state=failed')).length === 1);
    const [failed] = await mails('state=failed');
    expect(failed).toMatchObject({
      template: 'verify-email',
      recipient: 'given-up@example.com',
      reason: '550 no such mailbox',
      _links: { resend: { href: `/mails/${failed!.id}/resend` } },
    });
    expect(await mails('to=GIVEN-UP@example.com')).toMatchObject([{ id: failed!.id }]);
    expect(await mails(`userId=${failed!.userId}&template=verify-email&state=failed`)).toMatchObject([
      { id: failed!.id },
    ]);
    expect(await mails(`userId=${failed!.userId}&template=invitation`)).toEqual([]);
    expect(await mails('to=nobody@example.com')).toEqual([]);
    expect((await mails('template=verify-email')).map(({ template }) => template)).not.toContain('invitation');
    await roster.api.get('/mails?state=lost').set(as(admin)).expect(400);
    await roster.api.get('/mails').expect(401);
  });

  it('of staff and of deleted users are for an admin, and one’s own are without what is for staff', async () => {
    const other = await roster.join('other-manager@example.com');
    await roster.api.put(`/users/${other.id}/role`).set(as(admin)).send({ role: 'MANAGER' }).expect(200);
    const gone = await roster.join('gone@example.com');
    await roster.api.delete(`/users/${gone.id}`).set(as(admin)).expect(204);
    const seen = async (token: string) => new Set((await mails('limit=100', token)).map(({ userId }) => userId));
    const [byManager, byAdmin] = [await seen(manager.token), await seen(admin)];
    for (const { id } of [other, gone]) {
      expect(byManager.has(id)).toBe(false);
      expect(byAdmin.has(id)).toBe(true);
      expect(await mails(`userId=${id}`)).toEqual([]);
    }
    expect((await mails(`userId=${gone.id}`, admin))[0]?._links).toEqual({});
    const own = await mails(`userId=${manager.id}`);
    expect(own.length).toBeGreaterThan(0);
    expect(own.every(({ reason, _links }) => reason === null && Object.keys(_links).length === 0)).toBe(true);
  });

  it('are paged both ways, the newest first', async () => {
    // Each changes while it is sent.
    await eventually(async () => (await mails('state=queued', admin)).length === 0);
    const { body: first } = await roster.api.get('/mails?limit=2').set(as(admin)).expect(200);
    const page = first as { items: Mail[]; _links: Record<string, { href: string }> };
    const { body: second } = await roster.api.get(page._links['next']!.href).set(as(admin)).expect(200);
    const next = second as typeof page;
    const ids = [...page.items, ...next.items].map(({ id }) => id);
    expect(ids).toEqual(ids.toSorted().reverse());
    const { body: back } = await roster.api.get(next._links['prev']!.href).set(as(admin)).expect(200);
    expect((back as typeof page).items).toEqual(page.items);
  });
});
