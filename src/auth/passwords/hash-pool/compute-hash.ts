import bcrypt from 'bcrypt';
import { argon2idSalt, compareArgon2id, hashArgon2id, isArgon2id } from '../argon2id.js';
import { verifyForeign } from '../foreign/verify-foreign.js';
import type { ForeignHashRequest, HashRequest, OwnHashRequest } from './hash-request.js';
import { paddingFor } from './padding.js';

/** A cost of which one hash takes some ten milliseconds, to measure rounds by. */
const MEASURED_COST = 8;
const PADDED_WITH = 'x';

/**
 * Computes the requested hash in 2^cost rounds of bcrypt, or in as many as `floor` says, or more if the stored hash takes more.
 * @param failed told why a comparison with an imported hash could not be computed; it takes its time, and does not match
 */
export function computeHash(
  request: HashRequest,
  failed: (error: unknown) => void = () => undefined,
): string | boolean {
  const floor = floorOf(request);
  const least = Math.max(floor, request.algorithm === 'argon2id' ? 0 : 2 ** request.cost);
  if ('foreign' in request) return padded(least, () => verifyOrFail(request, failed));
  const given = request.stored ?? request.salt;
  if (given === undefined ? request.algorithm !== 'argon2id' : !isArgon2id(given)) return computeBcrypt(request);
  return padded(given === undefined ? 0 : least, () => computeArgon2id(request));
}

/** The costliest of the imported hashes is measured as well (see `padded`), so everything else takes as long as both. */
function floorOf({ floor = 0 }: HashRequest): number {
  return floor === 0 ? 0 : floor + 2 ** MEASURED_COST;
}

function verifyOrFail({ password, foreign }: ForeignHashRequest, failed: (error: unknown) => void): boolean {
  try {
    return verifyForeign(password, foreign);
  } catch (error) {
    failed(error);
    return false;
  }
}

function computeArgon2id({ prehash, stored, salt }: OwnHashRequest): string | boolean {
  return stored === undefined ? hashArgon2id(prehash, salt ?? argon2idSalt()) : compareArgon2id(prehash, stored);
}

function computeBcrypt(request: OwnHashRequest): string | boolean {
  const { prehash, cost, stored, salt } = request;
  if (stored === undefined && salt === undefined) return bcrypt.hashSync(prehash, cost);
  const result = stored === undefined ? bcrypt.hashSync(prehash, salt ?? cost) : bcrypt.compareSync(prehash, stored);
  const own = Number((stored ?? salt ?? '').split('$')[2]);
  // One hash of each cost from c to C - 1 is 2^C - 2^c rounds: with the first one, those of cost C.
  for (let missing = own; missing < cost; missing++) bcrypt.hashSync(prehash, missing);
  pad(floorOf(request) - 2 ** Math.max(own, cost));
  return result;
}

/** How many rounds of bcrypt it was is known from its time only; what is missing is made up for by bcrypt itself. */
function padded<Result>(rounds: number, compute: () => Result): Result {
  if (rounds === 0) return compute();
  const begin = performance.now();
  const result = compute();
  const measuring = performance.now();
  bcrypt.hashSync(PADDED_WITH, MEASURED_COST);
  const end = performance.now();
  const done = ((end - begin) / (end - measuring)) * 2 ** MEASURED_COST;
  pad(rounds - done);
  return result;
}

function pad(rounds: number): void {
  for (const cost of paddingFor(rounds)) bcrypt.hashSync(PADDED_WITH, cost);
}
