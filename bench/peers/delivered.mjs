import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { QUICK } from '../support/counts.mjs';
import { round } from '../support/figures.mjs';

const CLIENTS = QUICK ? 10 : 50;
const SECONDS = QUICK ? 4 : 15;
const WARM_UP = 3;
const READS_PER_SECOND = 100;
const PASSWORD = 'seven idle boats on slate water';

/**
 * With the hash that it is delivered with: how many sign in a second while many try without end, and what becomes of reads beside it.
 * Reads come from a process of their own at a fixed rate.
 */
export async function asDelivered(name, groundOf) {
  const { open } = await import(`./adapters/${name}.mjs`);
  const ground = await groundOf(name, 'delivered');
  const reader = fork(join(import.meta.dirname, 'reads.mjs'));
  const isLost = once(reader, 'exit').then(([code]) => {
    throw new Error(`The process that reads ended with ${code}`);
  });
  isLost.catch(() => undefined);
  const answered = () => Promise.race([once(reader, 'message'), isLost]);
  try {
    const adapter = await open(ground);
    const people = Array.from({ length: CLIENTS }, (_, at) => ({
      email: `delivered-${at}@example.com`,
      password: PASSWORD,
    }));
    for (let at = 0; at < CLIENTS; at += 2)
      await Promise.all(people.slice(at, at + 2).map((one) => adapter.create(one)));
    const session = await adapter.signIn(people[0]);
    // It signs in its admin, which it could not later.
    reader.send({ name, url: ground.url, options: ground.options });
    await answered();
    reader.send({ session, perSecond: READS_PER_SECOND, seconds: SECONDS, warmUpSeconds: WARM_UP });
    const [[reads], perSecond] = await Promise.all([answered(), hammer(adapter, people)]);
    if (reads.failed > 0) console.error(`${name}: ${reads.failed} reads failed, which the p99 leaves out`);
    if (perSecond === 0) console.error(`${name}: nobody could sign in in ${SECONDS} s`);
    return {
      signInsPerSecondAsDelivered: perSecond,
      readsBesideSignInsP99: reads.p99,
      readsBesideSignInsFailed: reads.failed,
    };
  } finally {
    if (reader.connected) reader.disconnect();
    await ground.stop();
  }
}

/** @returns sign-ins a second that succeeded; who is refused tries again after a second or so */
async function hammer(adapter, people) {
  const begin = performance.now();
  const [from, to] = [begin + WARM_UP * 1000, begin + (WARM_UP + SECONDS) * 1000];
  let signedIn = 0;
  await Promise.all(
    people.map(async (person) => {
      while (performance.now() < to) {
        const good = await adapter.signIn(person).then(
          () => true,
          () => false,
        );
        const now = performance.now();
        if (good && now >= from && now < to) signedIn++;
        if (!good) await sleep(1000 + Math.random() * 1000);
      }
    }),
  );
  return round(signedIn / SECONDS);
}
