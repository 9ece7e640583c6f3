import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { HashPool } from '../../src/auth/passwords/hash-pool/hash-pool.js';
import { eventually } from '../support/eventually.js';
import { hashAlone } from '../support/per-worker/hashing.js';
import { ADMIN, type Roster, startRoster } from '../support/roster.js';

const COST = 4;
const MINUTES_MS = 600_000;

let roster: Roster;
let pool: HashPool;
beforeAll(async () => {
  roster = await startRoster({ BCRYPT_COST: String(COST), HASH_MAX_WAIT: '500ms' });
  pool = hashAlone(roster.app.get(HashPool, { strict: false }));
});
afterAll(() => roster.stop());

const held: number[] = [];
const inHand: Promise<unknown>[] = [];

/** All hashing processes have something in hand that does not end before `goOn`. */
async function hold(): Promise<void> {
  await Promise.all(Array.from({ length: pool['workers'] }, () => pool.hash('x', COST)));
  held.push(...[...pool['children']].map(({ pid = 0 }) => pid));
  for (const pid of held) process.kill(pid, 'SIGSTOP');
  inHand.push(...held.map(() => pool.hash('x', COST)));
  pool['averageMs'] = MINUTES_MS;
}

async function goOn(): Promise<void> {
  for (const pid of held.splice(0)) process.kill(pid, 'SIGCONT');
  await Promise.allSettled(inHand.splice(0));
  pool['averageMs'] = undefined;
}

afterEach(goOn);

const byForm = (password: string) =>
  roster.api
    .post('/sign-in')
    .type('form')
    .set('sec-fetch-site', 'same-origin')
    .send({ identifier: ADMIN.email, password });

describe('While too many passwords are being checked, the page to sign in', () => {
  it('waits, and signs in when there is room, without being sent again', async () => {
    await hold();
    const answer = byForm(ADMIN.password).then((response) => response);
    await sleep(300);
    await roster.api.post('/auth/login').send({ identifier: ADMIN.email, password: ADMIN.password }).expect(503);
    await goOn();
    const { status, headers } = await answer;
    expect({ status, location: headers['location'] }).toEqual({ status: 303, location: '/sign-in/complete' });
  });

  it('says so in the end, with the form', async () => {
    await hold();
    const { status, headers, text } = await byForm(ADMIN.password);
    expect(status).toBe(503);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect(text).toContain('We are very busy right now.');
    expect(text).not.toContain(ADMIN.password);
  }, 30_000);

  it('says so no later where it is let in to wait, and refused after all', async () => {
    await hold();
    pool['averageMs'] = 1;
    const began = performance.now();
    // 1.5 s each time beside the 7.5 s of pauses.
    expect((await byForm(ADMIN.password)).status).toBe(503);
    expect(performance.now() - began).toBeLessThan(12_000);
  }, 30_000);

  it('does not wait if very many do', async () => {
    await hold();
    const { PatientLogins } = await import('../../src/hosted-pages/sign-in/patient-logins.js');
    const logins = roster.app.get(PatientLogins, { strict: false });
    logins['waiting'] = 200;
    expect((await byForm(ADMIN.password)).status).toBe(503);
    logins['waiting'] = 0;
  });

  it('A6.3.1: lets a known device in by its own places, however many forms of others wait', async () => {
    const first = await byForm(ADMIN.password).expect(303);
    const devices = first.get('Set-Cookie')?.filter((cookie) => cookie.includes('device')) ?? [];
    expect(devices).toHaveLength(1);
    await hold();
    // Room for one hash behind those in hand, and not for many: the others of these are refused.
    pool['averageMs'] = 400;
    const others = ['ada', 'bob', 'cyd', 'dan', 'eve', 'fay'].map((account) => pool.hash('x', COST, { account }));
    inHand.push(Promise.allSettled(others));
    const { PatientLogins } = await import('../../src/hosted-pages/sign-in/patient-logins.js');
    const logins = roster.app.get(PatientLogins, { strict: false });
    logins['waiting'] = 200;
    const answer = byForm(ADMIN.password)
      .set('cookie', devices.map((cookie) => cookie.split(';', 1)[0]).join('; '))
      .then(({ status }) => status);
    await Promise.race([answer, eventually(() => pool['queue'].ahead('known') > 0)]);
    logins['waiting'] = 0;
    await goOn();
    expect(await answer).toBe(303);
  });
});
