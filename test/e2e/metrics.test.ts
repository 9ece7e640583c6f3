import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { metric, samplesIn } from '../support/metrics.js';
import { type Roster, startRoster } from '../support/roster.js';

const TOKEN = 'for-tests-only.prometheus.0123456789';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('/metrics', () => {
  let roster: Roster;
  beforeAll(async () => (roster = await startRoster()));
  afterAll(() => roster.stop());

  const scrape = async (): Promise<string> => (await roster.api.get('/metrics').expect(200)).text;

  it('is in the text format of Prometheus, and needs no token in development', async () => {
    const { text, headers } = await roster.api.get('/metrics').expect(200);
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    const samples = samplesIn(text);
    const series = samples.map(({ name, labels }) => JSON.stringify([name, labels]));
    expect(new Set(series).size).toBe(series.length);
    for (const { name, value } of samples) expect([name, value]).toEqual([name, expect.any(Number)]);
    expect(samples.filter(({ value }) => Number.isNaN(value)).map(({ name }) => name)).toEqual([]);
  });

  it('leaves out what was not measured since another scrape', async () => {
    const texts = await Promise.all(Array.from({ length: 5 }, scrape));
    for (const text of texts) expect(samplesIn(text).filter(({ value }) => Number.isNaN(value))).toEqual([]);
  });

  it('tells of the process, the checks of readiness, the database, the queues and the workers', async () => {
    // The first admin has only just been made: those events are on their way.
    let text = '';
    const sink = { sink: 'webhooks' };
    await eventually(async () => {
      text = await scrape();
      return (
        metric(text, 'roster_relay_events_total', sink)! > 0 && metric(text, 'roster_relay_lag_events', sink) === 0
      );
    });
    expect(metric(text, 'process_resident_memory_bytes')).toBeGreaterThan(1_000_000);
    for (const check of ['database', 'migrations', 'events', 'mail']) {
      expect([check, metric(text, 'roster_check_up', { check })]).toEqual([check, 1]);
    }
    expect(metric(text, 'roster_info')).toBe(1);
    expect(metric(text, 'roster_database_connections', { state: 'idle' })).toBeGreaterThanOrEqual(0);
    for (const name of [
      ...['roster_database_waiting', 'roster_events_waiting', 'roster_webhooks_waiting', 'roster_mails_queued'],
      ...['roster_mails_late_seconds', 'roster_password_hashes_queued', 'roster_password_hashes_refused_total'],
    ]) {
      expect([name, metric(text, name)]).toEqual([name, 0]);
    }
    expect(metric(text, 'roster_relay_failing', sink)).toBe(0);
  });

  it('are all in docs/metrics.md, and nothing else is', async () => {
    const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
    const named = new Set(page.match(/roster_[a-z_]+/g));
    const told = new Set([...(await scrape()).matchAll(/^# TYPE (roster_\S+)/gm)].map(([, name]) => name));
    expect([...named].sort()).toEqual([...told].sort());
  });

  it('counts what happens: events of users, sign-ins, events that a sink has taken', async () => {
    const before = await scrape();
    await roster.join('counted@example.com');
    await roster.api.post('/auth/login').send({ identifier: 'counted@example.com', password: 'wrong' }).expect(401);
    const after = await scrape();
    const rise = (name: string, labels: Record<string, string>): number =>
      (metric(after, name, labels) ?? 0) - (metric(before, name, labels) ?? 0);
    expect(rise('roster_user_events_total', { type: 'user.created' })).toBe(1);
    expect(rise('roster_user_events_total', { type: 'user.email_verified' })).toBe(1);
    expect(rise('roster_auth_events_total', { type: 'login.succeeded' })).toBe(1);
    expect(rise('roster_auth_events_total', { type: 'login.failed' })).toBe(1);
    expect(rise('roster_sign_ins_total', { method: 'password' })).toBe(1);
    expect(metric(after, 'roster_auth_events_total', { type: 'account.locked' })).toBe(0);
  });

  it('times requests by the pattern of their route, so that nobody can make series up', async () => {
    const admin = await roster.signIn();
    const { id } = (await roster.api.get('/users/me').set(bearer(admin)).expect(200)).body as { id: string };
    await roster.api.get(`/users/${id}`).set(bearer(admin)).expect(200);
    await roster.api.get('/made/up/by/whoever').expect(404);
    const text = await scrape();
    const requests = (labels: Record<string, string>) => metric(text, 'http_request_duration_seconds_count', labels);
    expect(requests({ method: 'GET', route: '/users/:id', status: '200' })).toBe(1);
    expect(requests({ method: 'GET', status: '404', route: 'none' })).toBe(1);
    expect(text).not.toContain(id);
    expect(text).not.toContain('made/up');
  });
});

describe('/metrics with METRICS_TOKEN', () => {
  let roster: Roster;
  beforeAll(async () => (roster = await startRoster({ METRICS_TOKEN: TOKEN })));
  afterAll(() => roster.stop());

  it('lets in who sends it, and admins, and nobody else', async () => {
    const { token: user } = await roster.join('person@example.com');
    const get = (headers: Record<string, string>) => roster.api.get('/metrics').set(headers);
    await get({}).expect(401);
    await get(bearer(`${TOKEN}x`)).expect(401);
    await get(bearer(user)).expect(403);
    await get(bearer(TOKEN)).expect(200);
    await get(bearer(await roster.signIn())).expect(200);
  });

  it('takes it for nothing else', async () => {
    await roster.api.get('/users').set(bearer(TOKEN)).expect(401);
    await roster.api.post('/auth/introspect').set(bearer(TOKEN)).send({ token: 'any' }).expect(401);
  });
});

describe('/metrics in production', () => {
  let roster: Roster;
  beforeAll(async () => {
    roster = await startRoster({
      ...{ NODE_ENV: 'production', BCRYPT_COST: '10', PUBLIC_URL: 'https://accounts.example.com' },
      ...{ MAIL_FROM: 'Roster <no-reply@example.com>', SMTP_URL: 'smtp://mail.example.com?requireTLS=true' },
    });
  });
  afterAll(() => roster.stop());

  it('is for admins alone where there is no METRICS_TOKEN', async () => {
    await roster.api.get('/metrics').expect(401);
    await roster.api.get('/metrics').set(bearer('')).expect(401);
    await roster.api
      .get('/metrics')
      .set(bearer(await roster.signIn()))
      .expect(200);
  });
});
