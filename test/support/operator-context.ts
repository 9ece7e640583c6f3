import { loadSettings } from '../../src/config/settings.js';
import { openOperatorContext, type OperatorContext } from '../../src/operator/operator-context.js';

/** Works as an operator's command does, in this process, and closes what it opened. */
export async function withOperatorContext<T>(
  environment: Record<string, string>,
  work: (context: OperatorContext) => Promise<T>,
): Promise<T> {
  const stops: (() => Promise<void>)[] = [];
  const settings = loadSettings({ NODE_ENV: 'test', SECRET_KEY: 'k3yZ'.repeat(12), ...environment });
  try {
    return await work(await openOperatorContext(settings, { register: (_, stop) => void stops.push(stop) }));
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

export const SILENT = { start: () => undefined, add: () => undefined, stop: () => undefined };
