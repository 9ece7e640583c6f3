import { createStore, type Store } from '../store.js';

/**
 * How the server can be reached. `offline`: this device has no network. `unreachable`: the server does not answer, or says that it
 * is not ready. `back`: it does again since a moment ago.
 */
export type Connection = 'online' | 'offline' | 'unreachable' | 'back';

const BACK_MS = 5000;
const LONGEST_WAIT_MS = 15_000;

export const connection: Store<Connection> = createStore<Connection>(navigator.onLine ? 'online' : 'offline');

let failures = 0;
let onBack: () => void = () => undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

/** The server has answered. */
export function reached(): void {
  failures = 0;
  if (connection.get() === 'online' || connection.get() === 'back') return;
  connection.set('back');
  onBack();
  clearTimeout(timer);
  timer = setTimeout(() => connection.get() === 'back' && connection.set('online'), BACK_MS);
}

/** The server has not answered, or cannot work now. */
export function missed(): void {
  failures += 1;
  if (navigator.onLine) connection.set('unreachable');
}

/** After how many milliseconds to look again: longer each time while the server does not answer, so that it is left to start. */
export function nextLook(usual: number): number {
  return failures === 0 ? usual : Math.min(1000 * 2 ** (failures - 1), LONGEST_WAIT_MS);
}

/** Follows the network of this device. @param whenBack once the server answers again */
export function followConnection(whenBack: () => void): void {
  onBack = whenBack;
  window.addEventListener('offline', () => connection.set('offline'));
  // Whether the server answers as well, the next look tells.
  window.addEventListener('online', () => {
    if (connection.get() === 'offline') connection.set('unreachable');
  });
}
