// The requests of test/support/mixed-load.ts, in a process of its own: what the test does beside them delays none.
import { Buffer } from 'node:buffer';
import { Agent, request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setInterval } from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';
import { URL } from 'node:url';

/** More would have to wait for a connection of nginx (`worker_connections`). */
const MOST_OPEN = 400;
const PATIENCE_MS = 60_000;
const MOST_SURPRISES = 300;

// In turn, so that none of them is idle for so long that the other side closes it as a request is sent.
const agent = new Agent({ keepAlive: true, scheduling: 'fifo' });

let load;
let isOver = false;
let turns = 0;
const open = new Set();
let acknowledged = 0;
let seen = nothing();
/** When the next one is to be sent, in milliseconds. */
let due = 0;

function nothing() {
  return { sent: 0, begin: performance.now(), outcomes: {}, slowest: {}, surprises: [], changes: [] };
}

/** The requests, by kind: what is sent, the status of success, and of a change the name by which it is found afterwards. */
const KINDS = {
  me: () => ({ path: '/users/me', token: oneOf(load.sessions).accessToken, success: 200 }),
  list: () => ({ path: '/users?limit=20', token: load.token, success: 200 }),
  signIn: () => ({ path: '/auth/login', body: load.person, success: 200 }),
  register: (id) => {
    const email = `${load.run}-${id}@example.com`;
    return {
      path: '/auth/register',
      body: { email, password: load.password },
      success: 202,
      name: email,
    };
  },
  create: (id) => {
    const firstName = `${load.run} ${id}`;
    return {
      path: '/users',
      token: load.token,
      body: { firstName },
      success: 201,
      name: firstName,
    };
  },
  change: (id) => {
    const nickname = `${load.run} ${id}`;
    const { id: userId } = oneOf(load.people);
    return {
      method: 'PATCH',
      path: `/users/${userId}`,
      token: load.token,
      body: { nickname },
      success: 200,
      name: nickname,
    };
  },
  refresh: () => {
    // One that nobody refreshes just now: a token is used once.
    const session = load.idle.shift();
    if (!session) return KINDS.me();
    const back = () => load.idle.push(session);
    return {
      path: '/auth/refresh',
      body: { refreshToken: session.refreshToken },
      success: 200,
      done: (tokens) => {
        Object.assign(session, tokens, { isInDoubt: false });
        back();
      },
      failed: ({ status }) => {
        if (status !== 401) {
          session.isInDoubt = true;
          return back();
        }
        load.lost++;
        load.sessions.splice(load.sessions.indexOf(session), 1);
      },
      // It was done where the answer was lost, and REFRESH_REUSE_GRACE is over. That counts as a lost session.
      isExpected: ({ status }) => status === 401 && session.isInDoubt === true,
    };
  },
};

const oneOf = (list) => list[turns % list.length] ?? { accessToken: load.token };

/** One request to its end. @returns its answer, or the error that it met */
function call(base, { method, path, token, body }) {
  return new Promise((resolve) => {
    const text = body && JSON.stringify(body);
    const headers = {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(text && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    };
    const failed = ({ code, message }) => resolve({ error: code ?? message });
    const outgoing = request(new URL(path, base), { agent, method: method ?? (text ? 'POST' : 'GET'), headers });
    outgoing.setTimeout(PATIENCE_MS, () => outgoing.destroy(new Error('no answer')));
    outgoing.on('error', failed);
    outgoing.on('response', (answer) => {
      let received = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk) => (received += chunk));
      answer.on('error', failed);
      answer.on('end', () => {
        try {
          const parsed = received === '' ? {} : JSON.parse(received);
          resolve({ status: answer.statusCode, retryAfter: answer.headers['retry-after'], body: parsed });
        } catch {
          resolve({ error: `status ${answer.statusCode} with what is no JSON: ${received.slice(0, 200)}` });
        }
      });
    });
    outgoing.end(text);
  });
}

async function send(kind, id) {
  const asked = KINDS[kind](id);
  // Of the time in which it was sent.
  const { outcomes, slowest, changes, surprises } = seen;
  const begin = Date.now();
  const answer = await call(load.targets[id % load.targets.length], asked);
  const end = Date.now();
  const { status, error, body, retryAfter } = answer;
  const became = status === asked.success ? 'done' : (error ?? (status < 500 ? status : `${status} ${body.code}`));
  outcomes[kind] ??= {};
  outcomes[kind][became] = (outcomes[kind][became] ?? 0) + 1;
  slowest[kind] = Math.max(slowest[kind] ?? 0, end - begin);
  const isDone = became === 'done';
  if (asked.name) changes.push({ name: asked.name, begin, end, ...(!isDone && { refusal: error ?? String(status) }) });
  if (isDone) {
    asked.done?.(body);
    if (asked.name) acknowledged++;
    return;
  }
  asked.failed?.(answer);
  // A refusal that says when to come again is none.
  const isExpected = (status === 503 && Number(retryAfter) > 0) || asked.isExpected?.(answer);
  if (!isExpected && surprises.length < MOST_SURPRISES)
    surprises.push({ kind, became, begin, end, detail: body?.detail });
}

/** At a fixed rate, whatever becomes of the requests: what is due is sent, also where the answers stay away. */
async function run() {
  const turn = Object.entries(load.mix).flatMap(([kind, times]) =>
    Array.from({ length: times }, (_, at) => [kind, at / times]),
  );
  turn.sort(([, one], [, other]) => one - other);
  due = performance.now();
  while (!isOver) {
    const early = due - performance.now();
    if (early > 0 || open.size >= MOST_OPEN) {
      await sleep(Math.max(1, early));
      continue;
    }
    due += 1000 / load.perSecond;
    const id = turns++;
    seen.sent++;
    const one = send(turn[id % turn.length][0], id).finally(() => open.delete(one));
    open.add(one);
  }
  await Promise.all(open);
  process.send({ type: 'result', ...soFar() }, () => process.disconnect());
}

const soFar = () => ({ ...seen, seconds: (performance.now() - seen.begin) / 1000, sessionsLost: load.lost });

// Nobody else would end it where the test that started it is gone.
process.on('disconnect', () => process.exit());
process.on('message', (message) => {
  if (message.type === 'stop') isOver = true;
  if (message.type === 'look') process.send({ type: 'seen', ...soFar() });
  if (message.type === 'begin') {
    load.perSecond = message.perSecond;
    due = performance.now();
    seen = nothing();
  }
  if (message.type !== 'start') return;
  load = { ...message, idle: [...message.sessions], lost: 0 };
  seen = nothing();
  const progress = () => process.connected && process.send({ type: 'progress', acknowledged });
  setInterval(progress, 100).unref();
  void run();
});
