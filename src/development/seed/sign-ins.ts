import { randomBytes } from 'node:crypto';
import { newTraceId } from '../../config/trace-id.js';
import type { AuthEventType } from '../../auth/sign-in-evidence/auth-event.js';
import type { Choices } from './choices.js';
import type { Fate } from './fate.js';
import { DAY, HOUR, MINUTE, type Life } from './life.js';
import type { Device, MadeUpPerson } from './made-up-people.js';
import { newId } from '../../events/new-id.js';

export interface MadeUpEvidence {
  readonly id: string;
  readonly type: AuthEventType;
  readonly sessionId: string | null;
  readonly reason: string | null;
  readonly times: number;
  readonly device: Device;
  readonly traceId: string;
  readonly at: number;
  readonly isNewDevice: boolean;
}

export interface MadeUpSession {
  readonly id: string;
  readonly device: Device;
  readonly createdAt: number;
  readonly lastUsedAt: number;
  readonly nonce: Buffer;
}

export interface SignInsOfUser {
  readonly lastAt: number | null;
  readonly evidence: readonly MadeUpEvidence[];
  readonly session: MadeUpSession | undefined;
  readonly lock: { readonly at: number; readonly until: number } | undefined;
}

interface Times {
  readonly now: number;
  /** Evidence from here on is kept. */
  readonly keptFrom: number;
  /** How long an unused session lasts, in milliseconds. */
  readonly sessionIdleFor: number;
}

const SIGNED_IN_SHARE = 0.75;
/** A real lock is over within minutes: one that lasts can be looked at. */
const LOCKED_AT_MOST = DAY;

/** When and from where a user signed in, and failed to. */
export function signInsOf(
  life: Life,
  fate: Fate,
  { devices: [usual, other] }: MadeUpPerson,
  choices: Choices,
  { now, keptFrom, sessionIdleFor }: Times,
): SignInsOfUser {
  if (!life.canSignIn) return { lastAt: null, evidence: [], session: undefined, lock: undefined };
  const { from, to } = life.canSignIn;
  const evidence: MadeUpEvidence[] = [];
  const add = (type: AuthEventType, at: number, more: Partial<MadeUpEvidence> = {}): void => {
    if (at < keptFrom) return;
    const made = { id: newId(at), type, sessionId: null, reason: null, times: 1, device: usual };
    evidence.push({ ...made, traceId: newTraceId(), at, isNewDevice: false, ...more });
  };

  const lastAt = fate === 'locked' || choices.chance(SIGNED_IN_SHARE) ? choices.moment(from, to, 0.5) : null;
  let session: MadeUpSession | undefined;
  let [at, isLatest] = [lastAt ?? 0, true];
  for (let left = choices.whole(1, 4); lastAt !== null && left > 0 && at >= Math.max(from, keptFrom); left--) {
    const isNewDevice = !isLatest && choices.chance(0.1);
    const device = isNewDevice ? other : usual;
    const sessionId = newId(at);
    if (choices.chance(0.12)) {
      add('login.failed', wholeMinute(at), { reason: 'wrong-proof', times: choices.whole(1, 3), device });
    }
    add('login.succeeded', at, { sessionId, device, isNewDevice });
    const canLast = fate !== 'suspended' && fate !== 'deleted' && isLatest && at > now - sessionIdleFor;
    if (canLast && choices.chance(0.8)) {
      const lastUsedAt = choices.moment(at, now, 0.7);
      session = { id: sessionId, device, createdAt: at, lastUsedAt, nonce: randomBytes(32) };
    }
    isLatest = false;
    at -= choices.whole(2, 400) * HOUR;
  }

  if (fate !== 'locked') return { lastAt, evidence, session, lock: undefined };
  const lockedAt = now - choices.whole(1, 50) * MINUTE;
  add('login.failed', wholeMinute(lockedAt), { reason: 'wrong-proof', times: 5, device: other });
  add('account.locked', lockedAt, { reason: 'too-many-failures', device: other });
  const until = now + choices.whole(2, LOCKED_AT_MOST / HOUR) * HOUR;
  return { lastAt, evidence, session, lock: { at: lockedAt, until } };
}

/** Failures are counted by the minute. */
function wholeMinute(at: number): number {
  return at - (at % MINUTE);
}
