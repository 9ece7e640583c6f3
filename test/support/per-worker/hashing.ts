import { HashPool } from '../../../src/auth/passwords/hash-pool/hash-pool.js';

const shared = new HashPool({ nice: 0 });

/** Has the processes of this worker compute its hashes: starting two for each Roster takes longer than most of the hashes. */
export function shareHashing(pool: HashPool): void {
  Object.assign(pool, {
    hash: shared.hash.bind(shared),
    compare: shared.compare.bind(shared),
    compareForeign: shared.compareForeign.bind(shared),
  });
}

/** Undoes shareHashing(), for tests of the pool itself. */
export function hashAlone(pool: HashPool): HashPool {
  const { hash, compare, compareForeign } = HashPool.prototype;
  return Object.assign(pool, { hash, compare, compareForeign });
}
