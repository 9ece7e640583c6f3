import { setImmediate } from 'node:timers/promises';

const EVERY = 10;

/**
 * Lets what has arrived be handled, such as answers of the database, now and then in long work over a list.
 * @param place in the list
 */
export async function breath(place: number): Promise<void> {
  if (place % EVERY === 0) await setImmediate();
}
