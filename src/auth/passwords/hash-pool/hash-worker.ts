import os from 'node:os';
import { computeHash } from './compute-hash.js';
import type { HashAnswer, HashRequest } from './hash-request.js';

// A child process of its own (see hash-child.ts): nothing of Nest or the database is loaded here, and no setting is known.

try {
  // From the parent, only one of the threads would be affected.
  os.setPriority(0, Number(process.argv[2]));
} catch {
  // If the host forbids it, reads are slower during sign-ins, nothing worse.
}

// A terminal sends Ctrl-C to every process of the group; the parent decides when this one ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit());

process.on('message', (request: HashRequest) => {
  const begin = performance.now();
  const { result, fault } = answerTo(request);
  const answer: HashAnswer = { result, ms: performance.now() - begin, ...(fault !== undefined && { fault }) };
  // If the parent is gone by now, `disconnect` follows; without a callback, the error would be thrown.
  process.send?.(answer, () => undefined);
});

/** Whatever a hash is made of, the process goes on: others wait for it. */
function answerTo(request: HashRequest): Pick<HashAnswer, 'result' | 'fault'> {
  let fault: string | undefined;
  const failed = (error: unknown): void => void (fault = nameOf(error));
  try {
    const result = computeHash(request, failed);
    return { result, ...(fault !== undefined && { fault }) };
  } catch (error) {
    const isComparison = 'foreign' in request || request.stored !== undefined;
    return { result: isComparison ? false : undefined, fault: nameOf(error) };
  }
}

/** Not the message, in which a value of the hash could be. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error ? String(error.code) : error.name;
}
