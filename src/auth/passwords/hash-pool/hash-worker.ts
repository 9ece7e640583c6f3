import os from 'node:os';
import bcrypt from 'bcrypt';
import type { HashAnswer, HashRequest } from './hash-request.js';

// A child process of its own (see hash-pool.ts): nothing of Nest or the database is loaded here, and no setting is known.

try {
  // From the parent only one of the threads would be changed.
  os.setPriority(0, os.constants.priority.PRIORITY_LOW);
} catch {
  // A host that forbids it has slower reads while people sign in, and nothing worse.
}

// A terminal sends Ctrl-C to every process of the group; the parent decides when this one ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit());

process.on('message', (request: HashRequest) => {
  const begin = performance.now();
  const result = compute(request);
  const answer: HashAnswer = { result, ms: performance.now() - begin };
  process.send?.(answer);
});

function compute({ prehash, cost, stored }: HashRequest): string | boolean {
  if (stored === undefined) return bcrypt.hashSync(prehash, cost);
  const same = bcrypt.compareSync(prehash, stored);
  // One hash of each cost from c to C - 1 is 2^C - 2^c rounds: with the comparison, exactly those of cost C.
  for (let missing = bcrypt.getRounds(stored); missing < cost; missing++) bcrypt.hashSync(prehash, missing);
  return same;
}
