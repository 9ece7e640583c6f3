/**
 * Repeats work until a batch is not full.
 * @param size of a full batch
 * @param once does one batch. @returns how much it did
 * @returns the sum
 */
export async function inBatches(size: number, once: () => Promise<number>): Promise<number> {
  let [sum, last] = [0, size];
  for (; last === size; sum += last) last = await once();
  return sum;
}
