import bcrypt from 'bcrypt';
import type { HashRequest } from './hash-request.js';

/** Does what a request asks for, in exactly 2^cost rounds, or in more where `stored` was made with more. */
export function computeHash({ prehash, cost, stored }: HashRequest): string | boolean {
  if (stored === undefined) return bcrypt.hashSync(prehash, cost);
  const same = bcrypt.compareSync(prehash, stored);
  // One hash of each cost from c to C - 1 is 2^C - 2^c rounds: with the comparison, those of cost C.
  for (let missing = bcrypt.getRounds(stored); missing < cost; missing++) bcrypt.hashSync(prehash, missing);
  return same;
}
