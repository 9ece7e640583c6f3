// How long what an application was given is still good after its session ended, its user was suspended or erased, or got another role:
// at the server where that happened, at another one under load, and in a service that verifies tokens itself with packages/verify.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { barChart } from './support/bars.mjs';
import { count } from './support/counts.mjs';
import { percentile, round } from './support/figures.mjs';
import { call, postJson } from './support/load.mjs';
import { browserOf, postJsonAs, registerClient } from './support/openid-client.mjs';
import { startGround } from './support/servers.mjs';
import { silentProxy } from './support/silent-proxy.mjs';

const SAMPLES = count('BENCH_SAMPLES', 200, 10);
const CUTS = 5;
const READERS = 8;
const GOALS_MS = { anotherServer: 100, service: 150 };
const MAX_LAG_MS = 2000;
const BILLING = 'https://billing.example.com';
const ISSUER = 'http://localhost:3000';
const ADMIN = { identifier: 'admin@localhost', password: 'measured nine times over' };

export async function run() {
  const packageOfServices = join(import.meta.dirname, '../packages/verify');
  await promisify(execFile)('npm', ['run', '--silent', 'build'], { cwd: packageOfServices });
  const { Verifier } = await import('../packages/verify/dist/index.js');
  const ground = await startGround({ BCRYPT_COST: '4', PUBLIC_URL: ISSUER });
  const hints = await silentProxy(ground.databaseUrl);
  const verifiers = [];
  try {
    const here = await ground.serve();
    const there = await ground.serve({ DATABASE_DIRECT_URL: hints.url });
    const { accessToken } = await postJsonOk(`${here.url}/auth/login`, ADMIN);
    const admin = { authorization: `Bearer ${accessToken}` };
    const client = await registerClient(here, admin, BILLING);
    const { id } = await postJsonAs(`${here.url}/service-accounts`, admin, { name: 'Billing', role: 'AUTHENTICATED' });
    const { key } = await postJsonAs(`${here.url}/service-accounts/${id}/keys`, admin, { name: 'billing' });
    const serviceAt = async (internalUrl, options = {}) => {
      const verifier = new Verifier({ roster: ISSUER, internalUrl, key, audience: BILLING, ...options });
      verifiers.push(verifier);
      await verifier.ready();
      return verifier;
    };
    const parts = { here, there, admin, client, service: await serviceAt(there.url) };
    const seen = { asItIs: await underLoad(parts, SAMPLES), feedCut: await feedCuts(parts, serviceAt) };
    hints.fallSilent();
    seen.withoutHints = await underLoad(parts, Math.ceil(SAMPLES / 4));
    return report(seen);
  } finally {
    for (const verifier of verifiers) verifier.close();
    hints.stop();
    await ground.stop();
  }
}

const postJsonOk = async (url, value) => JSON.parse((await postJson(url, value)).text);

/** What takes away what an application was given. */
const ACTS = {
  'ended session': ({ here }, { browser }) => postJsonAs(`${here.url}/auth/logout`, browser),
  suspension: ({ here, admin }, { id }) => postJsonAs(`${here.url}/users/${id}/suspend`, admin),
  'another role': ({ here, admin }, { id }) =>
    postJsonAs(`${here.url}/users/${id}/role`, admin, { role: 'AUTHENTICATED' }, 'PUT'),
  erasure: ({ here, admin }, { id }) => postJsonAs(`${here.url}/users/${id}/erase`, admin),
};

/** Whether a server, or the service, still takes what it may not take any more. */
const PROBES = {
  userinfo: async (server, { opaque }) => (await call(`${server.url}/oauth2/userinfo`, bearer(opaque))).status === 200,
  introspection: async (server, { opaque }, { client }) =>
    JSON.parse((await client.introspect(server, opaque.access_token)).text).active,
  refresh: async (server, person, { client }) => {
    const { status, text } = await client.refresh(server, person.refreshToken);
    if (status === 200) person.refreshToken = JSON.parse(text).refresh_token;
    return status === 200;
  },
  // After a change of the role the browser stays signed in, with the new one.
  '/auth/verify': async (server, { browser, role }) => {
    const { status, headers } = await call(`${server.url}/auth/verify`, { headers: browser });
    return status === 204 && headers['x-auth-role'] === role;
  },
};

const bearer = ({ access_token }) => ({ headers: { authorization: `Bearer ${access_token}` } });

const isTakenBy = (service, { jwt }) =>
  service.verify(jwt.access_token).then(
    () => true,
    (error) => {
      if (error.reason !== 'revoked') throw error;
      return false;
    },
  );

let people = 0;
async function newPerson({ here, admin, client }) {
  const email = `person${people++}@example.com`;
  const role = 'MANAGER';
  const { password } = ADMIN;
  const { id } = await postJsonAs(`${here.url}/users`, admin, { email, password, role });
  const browser = await browserOf(here, email, password);
  const opaque = await client.tokens(here, browser);
  const jwt = await client.tokens(here, browser, { resource: BILLING });
  return { id, role, browser, opaque, jwt, refreshToken: opaque.refresh_token };
}

async function underLoad(parts, samples) {
  const { there } = parts;
  const reader = await newPerson(parts);
  let going = true;
  let reads = 0;
  const begin = performance.now();
  const readers = Array.from({ length: READERS }, async () => {
    while (going) {
      const { status } = await call(`${there.url}/oauth2/userinfo`, bearer(reader.opaque));
      // One that cannot know just now says 503.
      if (status !== 200 && status !== 503) throw new Error(`A reader was refused: ${status}`);
      if (status === 200) reads++;
    }
  });
  const causes = {};
  for (const cause of Object.keys(ACTS)) causes[cause] = { here: 0, asked: 0, anotherServer: [], service: [] };
  for (let sample = 0; sample < samples; sample++) {
    for (const [cause, act] of Object.entries(ACTS)) await lag(parts, act, causes[cause]);
  }
  going = false;
  await Promise.all(readers);
  const perSecond = round(reads / ((performance.now() - begin) / 1000), 0);
  return {
    reads: perSecond,
    causes: Object.fromEntries(
      Object.entries(causes).map(([cause, { here, asked, anotherServer, service }]) => [
        cause,
        { letInHere: here, askedHere: asked, anotherServer: timesOf(anotherServer), service: timesOf(service) },
      ]),
    ),
  };
}

const timesOf = (lags) => ({
  samples: lags.length,
  ...{
    p50: round(percentile(lags, 0.5), 1),
    p99: round(percentile(lags, 0.99), 1),
    longest: round(Math.max(...lags), 1),
  },
});

/** One act: the next requests here, and how long the other server and the service still let in. */
async function lag(parts, act, seen) {
  const { here, there, service } = parts;
  const person = await newPerson(parts);
  for (const [name, probe] of Object.entries(PROBES)) {
    if (!(await probe(there, person, parts))) throw new Error(`${name} did not let in before`);
  }
  if (!(await isTakenBy(service, person))) throw new Error('The service did not let in before');
  // At any moment between two looks at the table.
  await sleep(Math.random() * 50);
  await act(parts, person);
  const ended = performance.now();
  const probes = Object.values(PROBES);
  const next = Promise.all(probes.map((probe) => probe(here, person, parts)));
  const elsewhere = Promise.all(probes.map((probe) => lastLetIn(ended, () => probe(there, person, parts))));
  seen.service.push(await lastLetIn(ended, () => isTakenBy(service, person), 1));
  seen.anotherServer.push(Math.max(...(await elsewhere)));
  seen.here += (await next).filter(Boolean).length;
  seen.asked += probes.length;
}

/** @returns milliseconds until the last try was sent that was let in; 0 if none was */
async function lastLetIn(since, isLetIn, pauseMs = 0) {
  for (let last = 0; ;) {
    const sent = performance.now();
    if (!(await isLetIn())) return last;
    last = sent - since;
    if (pauseMs > 0) await sleep(pauseMs);
  }
}

/** A service whose connection to Roster falls silent: until when it still takes tokens, and whether it says 503 then. */
async function feedCuts(parts, serviceAt) {
  const taken = [];
  for (let cut = 0; cut < CUTS; cut++) {
    const way = await silentProxy(parts.there.url);
    const service = await serviceAt(way.url.replace(/\/$/, ''), { maxLag: MAX_LAG_MS });
    const { jwt } = await newPerson(parts);
    await service.verify(jwt.access_token);
    way.fallSilent();
    const since = performance.now();
    let last = 0;
    for (let status = 200; status !== 503;) {
      const sent = performance.now();
      status = await service.verify(jwt.access_token).then(
        () => 200,
        (error) => error.status,
      );
      if (status === 200) last = sent - since;
      else if (status !== 503) throw new Error(`The service says ${status}`);
      await sleep(1);
    }
    taken.push(last);
    service.close();
    way.stop();
  }
  return { cuts: CUTS, maxLag: MAX_LAG_MS, longest: round(Math.max(...taken), 0) };
}

function report(seen) {
  const { asItIs, withoutHints, feedCut } = seen;
  const worst = ({ causes }, place) => Math.max(...Object.values(causes).map((cause) => cause[place].p99));
  const lines = Object.entries(asItIs.causes).map(
    ([cause, { letInHere, askedHere, anotherServer, service }]) =>
      `${cause} (${anotherServer.samples}): ${letInHere} of ${askedHere} requests here let in, ` +
      `another server p99 ${anotherServer.p99} ms (longest ${anotherServer.longest}), ` +
      `packages/verify p99 ${service.p99} ms (longest ${service.longest})`,
  );
  const summary =
    `Userinfo, introspection, refresh and /auth/verify beside ${asItIs.reads} reads/s (goals: 0 here, p99 ${GOALS_MS.anotherServer} ms ` +
    `on another server, ${GOALS_MS.service} ms in a service).\n${lines.join('.\n')}.\n` +
    `Connection for hints silently cut: p99 ${worst(withoutHints, 'anotherServer')} and ${worst(withoutHints, 'service')} ms at worst.\n` +
    `Feed silently cut: tokens are taken for ${feedCut.longest} ms at most, then 503 (goal: maxLag, ${feedCut.maxLag} ms).`;
  const bars = (place) => Object.entries(asItIs.causes).map(([label, times]) => ({ label, value: times[place].p99 }));
  const chart = barChart('What an application was given, after its end', [
    {
      title: 'Still good on another server, p99',
      unit: 'ms',
      goal: GOALS_MS.anotherServer,
      bars: bars('anotherServer'),
    },
    {
      title: 'Still good in a service with packages/verify, p99',
      unit: 'ms',
      goal: GOALS_MS.service,
      bars: bars('service'),
    },
  ]);
  return { summary, given: { samples: SAMPLES, readers: READERS }, ...seen, chart };
}
