import { Agent, request } from 'node:http';
import { Agent as SecureAgent, request as requestSecurely } from 'node:https';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

// A connection that idles is closed here, before a server does (Node.js and uvicorn after five seconds): what is asked just then is not answered.
const KEPT = { keepAlive: true, maxSockets: 512, timeout: 4000 };
const agent = new Agent(KEPT);
const secureAgent = new SecureAgent(KEPT);

/** One request to its end. @returns the status, the headers and the body */
export function call(url, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const isSecure = String(url).startsWith('https:');
    const options = { agent: isSecure ? secureAgent : agent, method, headers };
    const sent = (isSecure ? requestSecurely : request)(url, options, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk) => (text += chunk));
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, text }));
      answer.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

export const postJson = (url, value) =>
  call(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) });

/**
 * Sends requests at a fixed rate, whatever becomes of them, and times each from the moment at which it should have been
 * sent: a server, or a sender, that stalls cannot hide it by being asked less (coordinated omission).
 * @returns milliseconds of each request of the time that was asked for, and how many failed
 */
export async function atFixedRate({ perSecond, seconds, send }) {
  const begin = performance.now() + 20;
  const count = Math.round(perSecond * seconds);
  const times = [];
  let failed = 0;
  const open = new Set();
  for (let index = 0; index < count;) {
    const intended = begin + (index * 1000) / perSecond;
    const early = intended - performance.now();
    if (early > 0) {
      await sleep(early);
      continue;
    }
    index++;
    const one = send()
      .then((good) => (good ? times.push(performance.now() - intended) : failed++))
      .catch(() => failed++)
      .finally(() => open.delete(one));
    open.add(one);
  }
  await Promise.all(open);
  return { times, failed };
}

/**
 * People who sign in again and again, each as soon as the last answer has come, or when `Retry-After` has passed and up to a
 * second more.
 * @param warmUpSeconds at the beginning, of which nothing is counted
 */
export async function hammerLogins({ url, people, seconds, warmUpSeconds }) {
  const begin = performance.now();
  const from = begin + warmUpSeconds * 1000;
  const to = begin + seconds * 1000;
  const signedIn = [];
  const refused = [];
  let failed = 0;
  await Promise.all(
    people.map(async (person) => {
      while (performance.now() < to) {
        const sent = performance.now();
        const { status, headers } = await postJson(`${url}/auth/login`, person);
        const now = performance.now();
        const counts = now >= from && now < to;
        if (status === 200) {
          if (counts) signedIn.push(now - sent);
        } else if (status === 503) {
          if (counts) refused.push(now - sent);
          const pause = (Number(headers['retry-after'] ?? 1) + Math.random()) * 1000;
          await sleep(Math.max(0, Math.min(pause, to - performance.now())));
        } else failed++;
      }
    }),
  );
  return { signedIn, refused, failed, seconds: seconds - warmUpSeconds };
}
