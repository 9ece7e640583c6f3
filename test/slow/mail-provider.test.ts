import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { verifyDkim } from '../support/dkim.js';
import { eventually } from '../support/eventually.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const RATE = 10;

let folder: string;
let roster: Roster;
let replica: Roster;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roster-dkim-'));
  const file = join(folder, 'key.pem');
  writeFileSync(file, privateKey.export({ format: 'pem', type: 'pkcs8' }));
  const environment = {
    MAIL_FROM: 'Rostér <no-reply@example.com>',
    DKIM_DOMAIN: 'example.com',
    DKIM_SELECTOR: 'r2026',
    DKIM_PRIVATE_KEY_FILE: file,
    SMTP_RATE_LIMIT: String(RATE),
    RATE_LIMIT_ENABLED: 'true',
  };
  roster = await startRoster(environment);
  const shared = { ...roster.database, drop: () => Promise.resolve() };
  replica = await startRoster({ ...environment, SMTP_URL: roster.inbox.url }, [], shared);
});
afterAll(async () => {
  await replica.stop();
  await roster.stop();
  rmSync(folder, { recursive: true });
});

const register = (at: Roster, email: string) =>
  at.api.post('/auth/register').send({ email, password: PASSWORD, firstName: 'Zoë' }).expect(202);

describe('a mail', () => {
  it('is signed by DKIM, so that whoever has the public key sees that nothing was changed', async () => {
    await register(roster, 'signed@example.com');
    const { raw } = await roster.inbox.waitFor('signed@example.com');
    const { tags, isGood } = verifyDkim(raw, createPublicKey(publicKey.export({ format: 'pem', type: 'spki' })));
    expect(tags).toMatchObject({ v: '1', a: 'rsa-sha256', c: 'relaxed/relaxed', d: 'example.com', s: 'r2026' });
    expect(tags['h']?.split(':')).toEqual(
      expect.arrayContaining(['from', 'to', 'subject', 'date', 'message-id', 'content-type']),
    );
    expect(isGood).toBe(true);
    expect(verifyDkim(raw.replace(/^Subject: /m, 'Subject: x'), publicKey).isGood).toBe(false);
    expect(verifyDkim(raw.replace(/token=\w/, 'token=_'), publicKey).isGood).toBe(false);
  });

  it('leaves no faster than SMTP_RATE_LIMIT, over all servers', async () => {
    const before = roster.inbox.mails.length;
    for (let n = 0; n < 15; n++) await register(n % 2 === 0 ? roster : replica, `paced-${n}@example.com`);
    await eventually(() => roster.inbox.mails.length >= before + 15);
    const times = roster.inbox.mails.slice(before).map(({ at }) => at);
    const most = Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 1000).length));
    // At the beginning and at the end of a second one each; and a mail may be under way for longer than the next one.
    expect(most).toBeLessThanOrEqual(RATE + 3);
  });

  it('is sent again to one user five times in an hour, whoever wants that', async () => {
    const admin = await roster.signIn();
    const as = { authorization: `Bearer ${admin}` };
    const [user] = await roster.database.query<{ id: string }>(
      "SELECT id FROM users WHERE email = 'signed@example.com'",
    );
    const { body } = await roster.api.get(`/users/${user!.id}/mails`).set(as).expect(200);
    for (let time = 0; time < 5; time++) await roster.api.post(`/mails/${body.items[0].id}/resend`).set(as).expect(202);
    const refused = await roster.api.post(`/mails/${body.items[0].id}/resend`).set(as).expect(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  });
});
