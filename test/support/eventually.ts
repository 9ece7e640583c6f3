import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until it is so. @throws Error when it has not come about within a minute */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > giveUpAt) throw new Error(`This did not come about: ${condition.toString()}`);
    await sleep(20);
  }
}
