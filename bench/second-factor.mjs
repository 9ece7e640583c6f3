// A sign-in with a code of an authenticator app costs little more than one by password alone: the password's hash is what takes time.
import { performance } from 'node:perf_hooks';
import { generateSync } from 'otplib';
import pg from 'pg';
import { barChart } from './support/bars.mjs';
import { mediansOf, percentile, round } from './support/figures.mjs';
import { call, postJson } from './support/load.mjs';
import { startGround } from './support/servers.mjs';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const COST = 12;
const CLIENTS = 8;
const SECONDS = 8;
/** A code works once in its 30 seconds: enough that nobody signs in twice meanwhile. */
const PEOPLE = 320;
const JSON_TYPE = { 'content-type': 'application/json' };

export async function run() {
  const ground = await startGround();
  try {
    const people = await makePeople(ground);
    const { url } = await ground.serve({ BCRYPT_COST: String(COST) });
    const half = people.length / 2;
    const ends = {
      password: { url, people: people.slice(0, half), next: 0 },
      totp: { url, people: await addTotp(url, people.slice(half)), next: 0 },
    };
    const rounds = { password: [], totp: [] };
    for (let index = 1; index <= ROUNDS; index++) {
      for (const [name, end] of Object.entries(ends)) {
        const figures = await hammer(end);
        rounds[name].push(figures);
        console.log(`${index}/${ROUNDS} ${name.padEnd(8)} ${JSON.stringify(figures)}`);
      }
    }
    return report(rounds);
  } finally {
    await ground.stop();
  }
}

async function makePeople(ground) {
  const printed = await ground.seed(PEOPLE + 40);
  const password = /Their password: (\S+)/.exec(printed)?.[1];
  const client = new pg.Client(ground.databaseUrl);
  await client.connect();
  const { rows } = await client.query(
    "SELECT email FROM users WHERE role = 'AUTHENTICATED' AND deleted_at IS NULL AND suspended_at IS NULL AND NOT pending LIMIT $1",
    [PEOPLE],
  );
  await client.end();
  return rows.slice(0, rows.length - (rows.length % 2)).map(({ email }) => ({ email, password }));
}

/** @returns the people with the secrets of their authenticator apps */
async function addTotp(url, people) {
  const added = [];
  for (const person of people) {
    const { accessToken } = JSON.parse((await postJson(`${url}/auth/login`, person)).text);
    const headers = { ...JSON_TYPE, authorization: `Bearer ${accessToken}` };
    const begun = await call(`${url}/users/me/totp`, { method: 'POST', headers, body: '{}' });
    const { secret } = JSON.parse(begun.text);
    const body = JSON.stringify({ code: generateSync({ secret }) });
    const { status, text } = await call(`${url}/users/me/totp/confirm`, { method: 'POST', headers, body });
    if (status >= 300) throw new Error(`The authenticator app was not added: ${status} ${text}`);
    added.push({ ...person, secret });
  }
  return added;
}

/** Clients that sign people in, one after the other, without end. */
async function hammer(end) {
  const to = performance.now() + SECONDS * 1000;
  const times = [];
  let failed = 0;
  const client = async () => {
    while (performance.now() < to) {
      const begin = performance.now();
      if (await signIn(end.url, end.people[end.next++ % end.people.length])) times.push(performance.now() - begin);
      else failed++;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return { perSecond: round(times.length / SECONDS), p50: round(percentile(times, 0.5), 0), failed };
}

async function signIn(url, { email, password, secret }) {
  const { status, text } = await postJson(`${url}/auth/login`, { email, password });
  if (secret === undefined) return status === 200;
  if (status !== 403) return false;
  const { token } = JSON.parse(text).continueWith;
  const second = { token, method: 'totp', code: generateSync({ secret }) };
  return (await postJson(`${url}/auth/second-factor`, second)).status === 200;
}

function report(rounds) {
  const medians = { password: mediansOf(rounds.password), totp: mediansOf(rounds.totp) };
  const ratios = rounds.totp.map(({ perSecond }, at) => ({ of: perSecond / rounds.password[at].perSecond }));
  const totpOverPassword = round(mediansOf(ratios).of);
  const { password, totp } = medians;
  const summary =
    `bcrypt of cost ${COST}, ${CLIENTS} clients that sign in without end; medians of ${ROUNDS} rounds of ${SECONDS} s.\n` +
    `With a password and a code: ${totpOverPassword} of the sign-ins with a password alone ` +
    `(${totp.perSecond} and ${password.perSecond} a second; ${totp.p50} and ${password.p50} ms each; ${totp.failed} and ${password.failed} failed).`;
  const bars = [
    { label: 'password', value: password.perSecond },
    { label: 'password and code', value: totp.perSecond },
  ];
  const chart = barChart('Sign-ins with a second factor', [{ title: 'Sign-ins', unit: 'a second', bars }]);
  const given = { rounds: ROUNDS, seconds: SECONDS, clients: CLIENTS, cost: COST };
  return { summary, given, ratios: { totpOverPassword }, medians, rounds, chart };
}
