import { randomFillSync } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';

const ID_BYTES = 16;
// Drawn ahead: for each id alone, it takes as long as all the rest of it.
const drawn = new Uint8Array(1024 * ID_BYTES);
let used = drawn.length;

/** An id (UUIDv7) as if made at that time, in milliseconds. */
export function newId(at: number): string {
  if (used === drawn.length) {
    randomFillSync(drawn);
    used = 0;
  }
  return uuidv7({ msecs: at, random: drawn.subarray(used, (used += ID_BYTES)) });
}
