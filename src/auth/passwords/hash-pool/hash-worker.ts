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
  const result = computeHash(request);
  const answer: HashAnswer = { result, ms: performance.now() - begin };
  process.send?.(answer);
});
