import bcrypt from 'bcrypt';
import type { HashRequest } from './hash-request.js';

/** Computes the requested hash in exactly 2^cost rounds, or more if `stored` has a higher cost. */
export function computeHash({ prehash, cost, stored, salt }: HashRequest): string | boolean {
  if (stored === undefined && salt === undefined) return bcrypt.hashSync(prehash, cost);
  const result = stored === undefined ? bcrypt.hashSync(prehash, salt ?? cost) : bcrypt.compareSync(prehash, stored);
  // One hash of each cost from c to C - 1 is 2^C - 2^c rounds: with the first one, those of cost C.
  for (let missing = Number((stored ?? salt ?? '').split('$')[2]); missing < cost; missing++) {
    bcrypt.hashSync(prehash, missing);
  }
  return result;
}
