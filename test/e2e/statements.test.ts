import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { MailLeases } from '../../src/mail/delivery/mail-leases.js';
import { tokenIn } from '../support/inbox.js';
import { queriesOf } from '../support/query-cost.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
beforeAll(async () => {
  roster = await startRoster();
});
afterAll(() => roster.stop());

/** What runs beside requests: the positions of events, the relay, jobs, and mails once they are queued. */
const BESIDE =
  /event_outbox|event_positions|relay_cursors|webhook_|logout_deliveries|graphile_worker|^\s*UPDATE mails|^\s*WITH awaited AS|^\s*SELECT tokens\.|recovery/;
const ENDS = /^(START TRANSACTION|BEGIN|COMMIT|ROLLBACK)/;
/** A mail of the request before may still look up its user; the fewest of several times are the request's own. */
const TIMES = 3;

/** How many statements a request sends, but for those that begin and end transactions. */
async function countOf(work: () => Promise<unknown>): Promise<number> {
  const mails = holdMails();
  const sent = await queriesOf(roster.app, work).finally(mails.release);
  return sent.filter(({ sql }) => !BESIDE.test(sql) && !ENDS.test(sql)).length;
}

/** No mail is sent before they are released: to send one asks for its user. */
function holdMails(): { release: () => void } {
  const { leaseDue } = MailLeases.prototype;
  const { promise: released, resolve } = Promise.withResolvers<undefined>();
  const spy = jest.spyOn(MailLeases.prototype, 'leaseDue').mockImplementation(async function (this: MailLeases, count) {
    await released;
    return leaseDue.call(this, count);
  });
  return {
    release: () => {
      spy.mockRestore();
      resolve(undefined);
    },
  };
}

interface SignedIn {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly deviceToken: string;
}

/** From the registration to the first refresh. */
async function journeyOf(email: string): Promise<Record<string, number>> {
  const { api, inbox } = roster;
  const registration = await countOf(async () =>
    api.post('/auth/register').send({ email, password: PASSWORD }).expect(202),
  );
  const token = tokenIn(await inbox.waitFor(email));
  const verification = await countOf(async () => api.post('/auth/verify-email').send({ token }).expect(200));
  let signedIn: SignedIn | undefined;
  const signIn = (deviceToken?: string) =>
    countOf(async () => {
      const { body } = await api
        .post('/auth/login')
        .send({ identifier: email, password: PASSWORD, deviceToken })
        .expect(200);
      signedIn = body as SignedIn;
    });
  const read = () =>
    countOf(async () => api.get('/users/me').set('authorization', `Bearer ${signedIn?.accessToken}`).expect(200));
  await signIn();
  const known = await signIn(signedIn?.deviceToken);
  const elsewhere = await signIn();
  await read();
  const again = await read();
  const change = (firstName: string) =>
    countOf(async () =>
      api.patch('/users/me').set('authorization', `Bearer ${signedIn?.accessToken}`).send({ firstName }).expect(200),
    );
  const changed = await change('Ada');
  const { refreshToken } = signedIn ?? {};
  const refresh = await countOf(async () => api.post('/auth/refresh').send({ refreshToken }).expect(200));
  return {
    Registration: registration,
    Confirmation: verification,
    'Sign-in by password': known,
    'Sign-in on a new device': elsewhere,
    '`GET /users/me`': again,
    Refresh: refresh,
    'Change of a user': changed,
  };
}

/** The rows of the table in docs/performance.md. */
function documented(): Record<string, number> {
  const page = readFileSync(join(PACKAGE_ROOT, 'docs/performance.md'), 'utf8');
  const [, table = ''] = /<!-- statements -->([\s\S]*?)<!-- \/statements -->/.exec(page) ?? [];
  const rows = [...table.matchAll(/^\| ([^|]+?) +\| +(\d+) +\|/gm)];
  return Object.fromEntries(rows.map(([, name = '', count]) => [name, Number(count)]));
}

describe('The statements of a request', () => {
  it('are as many as docs/performance.md says', async () => {
    const journeys: Record<string, number>[] = [];
    for (let time = 0; time < TIMES; time++) journeys.push(await journeyOf(`ada${time}@example.com`));
    const names = Object.keys(journeys[0] ?? {});
    const fewest = names.map((name) => [name, Math.min(...journeys.map((counts) => counts[name] ?? Infinity))]);
    expect(Object.fromEntries(fewest)).toEqual(documented());
  });
});
