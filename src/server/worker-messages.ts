import type { Settings } from '../config/settings.js';
import type { AboutAdmin } from './summary.js';

/** From the primary to a worker. */
export type ToWorker =
  | { readonly type: 'roster:settings'; readonly own: Partial<Settings> }
  | { readonly type: 'roster:metrics'; readonly id: number; readonly text: string | null };

/** From a worker to the primary. */
export type FromWorker =
  | { readonly type: 'roster:started' }
  | { readonly type: 'roster:ready'; readonly admin: AboutAdmin | undefined }
  /** @property message for the person at the terminal */
  | { readonly type: 'roster:failed'; readonly message: string }
  | { readonly type: 'roster:read-metrics'; readonly id: number };
