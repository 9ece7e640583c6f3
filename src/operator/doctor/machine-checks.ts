import { statfs } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import bcrypt from 'bcrypt';
import { argon2idSalt, hashArgon2id } from '../../auth/passwords/argon2id.js';
import { isTraced } from '../../tracing/tracing.js';
import { type Finding, findingsAbout } from './finding.js';
import type { Check, Ground } from './ground.js';

const ROUNDS = 3;
/** Longer, and people wait for the hash alone. */
const SLOW_HASH_MS = 1000;
const LEAST_FREE_BYTES = 1024 ** 3;
const ANSWER_WITHIN_MS = 8000;

export const MACHINE_CHECKS: readonly Check[] = [
  { about: 'hashing', asks: () => 'this machine for some hashes', withinMs: 60_000, run: hashing },
  { about: 'disk', asks: () => 'the disk', withinMs: 5000, run: disk },
  { about: 'traces', asks: () => 'the collector of traces', withinMs: ANSWER_WITHIN_MS + 1000, run: collector },
];

async function hashing({ settings: { PASSWORD_HASH, BCRYPT_COST } }: Ground): Promise<readonly Finding[]> {
  const about = findingsAbout('hashing');
  const begin = performance.now();
  for (let round = 0; round < ROUNDS; round++) {
    await (PASSWORD_HASH === 'argon2id' ? hashArgon2id('doctor', argon2idSalt()) : bcrypt.hash('doctor', BCRYPT_COST));
  }
  const ms = (performance.now() - begin) / ROUNDS;
  const cores = availableParallelism();
  const kind = PASSWORD_HASH === 'argon2id' ? 'argon2id' : `bcrypt ${BCRYPT_COST}`;
  const seen = `${kind} takes ${ms.toFixed(0)} ms here; ${cores} cores hash at most ${((cores * 1000) / ms).toFixed(0)} passwords a second`;
  if (ms < SLOW_HASH_MS) return [about.ok(seen)];
  return [
    about.warning(seen, {
      expected: `less than ${SLOW_HASH_MS} ms`,
      advice:
        'find what keeps the cores busy; else lower BCRYPT_COST by one, or set PASSWORD_HASH=argon2id (docs/settings.md)',
    }),
  ];
}

/** Only where Roster keeps something itself; see the monitoring of PostgreSQL for its disk. */
async function disk({ settings: { DATA_DIR, NODE_ENV } }: Ground): Promise<readonly Finding[]> {
  const about = findingsAbout('disk');
  const folder = resolve(DATA_DIR);
  if (NODE_ENV === 'production') return [];
  try {
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    const seen = `${(free / LEAST_FREE_BYTES).toFixed(1)} GiB are free for ${folder}`;
    return [
      free < LEAST_FREE_BYTES
        ? about.warning(seen, { advice: 'make room: a full disk stops the embedded database' })
        : about.ok(seen),
    ];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function collector({ settings }: Ground): Promise<readonly Finding[]> {
  const about = findingsAbout('traces');
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint = '', OTEL_EXPORTER_OTLP_HEADERS: given = {} } = settings;
  if (!isTraced(settings)) return [];
  const { host } = new URL(endpoint);
  try {
    // No span at all, which a collector takes.
    const response = await fetch(`${endpoint.replace(/\/+$/, '')}/v1/traces`, {
      method: 'POST',
      headers: { ...given, 'content-type': 'application/x-protobuf' },
      body: new Uint8Array(),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    await response.body?.cancel();
    if (response.ok) return [about.ok(`the collector at ${host} takes them`)];
    return [
      about.warning(`the collector at ${host} answers ${response.status}`, {
        advice: 'correct OTEL_EXPORTER_OTLP_ENDPOINT, without /v1/traces, and OTEL_EXPORTER_OTLP_HEADERS',
      }),
    ];
  } catch (error) {
    const { cause } = error as { cause?: { code?: string } };
    return [
      about.warning(`the collector at ${host} does not answer (${cause?.code ?? 'no answer'}): traces are dropped`, {
        advice: 'start it, or correct OTEL_EXPORTER_OTLP_ENDPOINT (port 4318)',
      }),
    ];
  }
}
