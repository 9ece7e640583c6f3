import type { Actor } from '../../access/caller.js';
import type { NewUserEvent, Origin } from '../../events/catalogue.js';
import { addContact, confirmContact, requestContactConfirmation } from '../../users/aggregate/decide-contacts.js';
import {
  changePassword,
  completePasswordReset,
  confirmEmailChange,
  requestEmailChange,
  requestPasswordReset,
} from '../../users/aggregate/decide-credentials.js';
import * as decide from '../../users/aggregate/decide.js';
import type { UserState } from '../../users/aggregate/user.js';
import type { Choices } from './choices.js';
import type { Fate } from './fate.js';
import type { MadeUpPerson } from './made-up-people.js';
import { newId } from '../../events/new-id.js';
import type { Staff } from './staff.js';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** What one request, or one job, does to a user. */
export interface Step {
  readonly at: number;
  readonly by: Actor | 'self';
  /** Each sees the state that the ones before it left. */
  readonly decide: readonly ((state: UserState) => NewUserEvent[])[];
}

export interface Life {
  readonly id: string;
  readonly bornAt: number;
  /** The step without which there is no user. */
  readonly birth: { readonly by: Actor; readonly events: NewUserEvent[]; readonly then: Step['decide'] };
  /** Everything after it, in order. */
  readonly steps: readonly Step[];
  /** From when to when the person can sign in; undefined for never. */
  readonly canSignIn: Span | undefined;
}

const ANONYMOUS: Actor = { kind: 'anonymous' };
const SYSTEM: Actor = { kind: 'system' };
const REASONS = [
  'Spam in profile links.',
  'Chargeback under review.',
  'Several reports of abuse.',
  'Shared account.',
  null,
];

interface Ground {
  readonly choices: Choices;
  readonly staff: Staff;
  readonly now: number;
  /** In milliseconds, as set. */
  readonly pendingFor: number;
  readonly deletedFor: number;
}

/** Plans what happens to one person between the registration and now; the real deciders make the events of it. */
export function planLife(person: MadeUpPerson, fate: Fate, bornAt: number, ground: Ground): Life {
  const { choices, staff, now } = ground;
  const id = newId(bornAt);
  const origin = originOf(fate, choices, staff.at(bornAt) !== undefined);
  const byWhom = origin === 'invitation' || origin === 'admin' ? (staff.at(bornAt) ?? SYSTEM) : undefined;
  const birth = birthOf(person, fate, origin, byWhom ?? (origin === 'import' ? SYSTEM : ANONYMOUS), bornAt, ground);

  const steps: Step[] = [];
  const step: AddStep = (at, by, ...decisions) => {
    if (at <= now) steps.push({ at, by, decide: decisions });
  };
  if (fate === 'pending' || fate === 'invited') return { id, bornAt, birth, steps, canSignIn: undefined };
  if (fate === 'expired') {
    step(bornAt + ground.pendingFor, SYSTEM, (state) => decide.loseClaim(state, 'claim-expired'));
    return { id, bornAt, birth, steps, canSignIn: undefined };
  }

  const wait = origin === 'registration' ? choices.moment(MINUTE, HOUR, 3) : choices.moment(HOUR, 5 * DAY, 2);
  // Of those who came just now, all have confirmed meanwhile who are not pending.
  const waited = Math.floor(Math.min(wait, (now - bornAt) * choices.share()));
  const from = origin === 'import' || origin === 'admin' ? bornAt : bornAt + waited;
  if (origin !== 'import' && origin !== 'admin') step(from, ANONYMOUS, decide.verifyEmail);
  const end = endOf(fate, from, ground);
  everydayLife({ person, from, to: end, step, ...ground });
  endings(fate, { from, to: end }, step, ground);
  steps.sort((one, other) => one.at - other.at);
  return { id, bornAt, birth, steps, canSignIn: fate === 'erased' ? undefined : { from, to: end } };
}

function originOf(fate: Fate, choices: Choices, hasStaff: boolean): Origin {
  const is = choices.share();
  if (fate === 'admin') return 'admin';
  if (fate === 'pending' || fate === 'expired') return 'registration';
  if (fate === 'invited') return 'invitation';
  if (hasStaff) return is < 0.65 ? 'registration' : is < 0.85 ? 'invitation' : 'import';
  return is < 0.8 ? 'registration' : 'import';
}

function birthOf(
  person: MadeUpPerson,
  fate: Fate,
  how: Origin,
  by: Actor,
  bornAt: number,
  { pendingFor }: Ground,
): Life['birth'] {
  const { email, username, firstName, lastName, locale } = person;
  const role = fate === 'admin' ? 'ADMIN' : 'AUTHENTICATED';
  const events = decide.create({ email, username, firstName, lastName, locale, role, how });
  if (how === 'registration') {
    return { by, events, then: [(state) => decide.requestVerification(state, new Date(bornAt + DAY))] };
  }
  if (how === 'invitation')
    return { by, events, then: [(state) => decide.invite(state, new Date(bornAt + pendingFor))] };
  return { by, events, then: [decide.verifyEmail] };
}

/** When the everyday life is over: now, or when the account was suspended or deleted. */
function endOf(fate: Fate, from: number, { choices, now, deletedFor }: Ground): number {
  if (fate === 'suspended') return choices.moment(Math.max(from, now - 200 * DAY), now, 0.5);
  if (fate === 'deleted') return choices.moment(Math.max(from, now - 0.9 * deletedFor), now - HOUR);
  if (fate === 'erased') return choices.moment(from, now - deletedFor - HOUR);
  return now;
}

function endings(fate: Fate, { from, to }: Span, step: AddStep, { choices, staff, now, deletedFor }: Ground): void {
  const colleague = staff.at(to);
  if (fate === 'suspended' && colleague) {
    const reason = choices.pick(REASONS);
    step(to, colleague, (state) => decide.suspend(state, reason, 1));
  }
  if (fate === 'deleted' || fate === 'erased') step(to, 'self', (state) => decide.remove(state, 1));
  // The job runs every few minutes.
  const erasedAt = Math.min(to + deletedFor + choices.whole(1, 9) * MINUTE, now);
  if (fate === 'erased') step(erasedAt, SYSTEM, (state) => decide.erase(state, 'retention', 1));
  const promotedAt = choices.moment(from, Math.min(from + 60 * DAY, to));
  const admin = staff.admin(promotedAt);
  if (fate === 'manager' && admin) step(promotedAt, admin, (state) => decide.changeRole(state, 'MANAGER', 1));
}

/** In milliseconds. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

type AddStep = (at: number, by: Step['by'], ...decisions: Step['decide']) => void;

interface Everyday extends Ground, Span {
  readonly person: MadeUpPerson;
  readonly step: AddStep;
}

/** What people do to their accounts, most of it soon after they came, and what staff do. */
function everydayLife({ person, from, to, step, choices, staff }: Everyday): void {
  const soon = (): number => choices.moment(from, to, 6);
  const sometime = (): number => choices.moment(from, to);
  const { nickname, phone, ...rest } = person.more;
  if (choices.chance(0.5)) step(soon(), 'self', (state) => decide.updateProfile(state, rest));
  if (nickname && choices.chance(0.5)) step(sometime(), 'self', (state) => decide.updateProfile(state, { nickname }));
  if (phone && choices.chance(0.5)) step(sometime(), 'self', (state) => decide.updateProfile(state, { phone }));
  if (person.username !== null && choices.chance(0.06)) {
    step(sometime(), 'self', (state) => decide.changeUsername(state, person.laterUsername));
  }
  if (choices.chance(0.06)) step(sometime(), 'self', changePassword);
  if (choices.chance(0.05)) {
    const at = sometime();
    step(at, ANONYMOUS, (state) => requestPasswordReset(state, new Date(at + HOUR / 2)));
    step(Math.min(at + 4 * MINUTE, to), ANONYMOUS, (state) => completePasswordReset(state, false));
  }
  if (choices.chance(0.03)) {
    const at = sometime();
    step(at, 'self', (state) => requestEmailChange(state, person.laterEmail, new Date(at + DAY)));
    step(Math.min(at + 20 * MINUTE, to), ANONYMOUS, (state) => confirmEmailChange(state, person.laterEmail));
  }
  contacts({ person, from, to, step, choices });
  const colleague = staff.at(from);
  if (!colleague) return;
  if (choices.chance(0.07)) step(sometime(), colleague, (state) => decide.changeProfessionalStatus(state, true));
  if (choices.chance(0.006)) {
    const at = sometime();
    step(at, colleague, (state) => decide.suspend(state, choices.pick(REASONS), 1));
    step(Math.min(at + choices.whole(2, 90) * HOUR, to), colleague, decide.reinstate);
  }
}

function contacts({ person, from, to, step, choices }: Omit<Everyday, keyof Omit<Ground, 'choices'>>): void {
  const at = choices.moment(from, to, 2);
  if (choices.chance(0.05)) {
    const phone = { id: newId(at), kind: 'phone', value: person.workPhone, label: 'Work' } as const;
    step(at, 'self', (state) => addContact(state, phone));
  }
  if (choices.chance(0.04)) {
    const email = { id: newId(at), kind: 'email', value: person.workEmail, label: 'Work' } as const;
    const confirm = (state: UserState): NewUserEvent[] =>
      requestContactConfirmation(state, email.id, new Date(at + DAY));
    step(at, 'self', (state) => addContact(state, email), confirm);
    if (choices.chance(0.7))
      step(Math.min(at + 10 * MINUTE, to), ANONYMOUS, (state) => confirmContact(state, email.id));
  }
}
