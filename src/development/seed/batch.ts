import type { EventRow } from '../../events/event-log.js';
import type { WrappedUserKey } from '../../events/personal-data.js';
import { rowOf, type UserRow } from '../../users/store/user.entity.js';
import type { Choices } from './choices.js';
import { ADMINS, ENOUGH_FOR_EVERY_FATE, type Fate, fateOf, isFollowedByExpired } from './fate.js';
import type { Histories } from './history.js';
import { planLife } from './life.js';
import { type MadeUpMail, mailsOf } from './mails.js';
import type { MadeUpPeople } from './made-up-people.js';
import { signInsOf, type SignInsOfUser } from './sign-ins.js';
import { Staff } from './staff.js';

/** A made-up user with everything that is stored of it. */
export interface MadeUpUser {
  readonly id: string;
  /** Undefined for a registration that came to nothing. */
  readonly row: UserRow | undefined;
  readonly events: readonly EventRow[];
  /** Undefined once the person is erased. */
  readonly key: WrappedUserKey | undefined;
  readonly hasPassword: boolean;
  readonly signIns: SignInsOfUser;
  readonly mails: readonly MadeUpMail[];
}

/** In milliseconds: how long what is kept, as set. */
export interface Kept {
  readonly pending: number;
  readonly deleted: number;
  readonly evidence: number;
  readonly mails: number;
  readonly idleSession: number;
}

export interface World {
  readonly count: number;
  readonly now: number;
  readonly past: number;
  readonly kept: Kept;
}

/** Under 1: more came lately than in the beginning. */
const GROWTH = 0.6;
const STAFF_OF_RECORD = 10;

/** Makes up users one after the other, each with a history up to now. */
export class MadeUpUsers {
  private readonly staff: Staff;

  constructor(
    private readonly world: World,
    private readonly choices: Choices,
    private readonly people: MadeUpPeople,
    private readonly histories: Histories,
  ) {
    this.staff = new Staff(choices);
  }

  /** The users with these numbers, which are made in order and once. */
  make(start: number, end: number): MadeUpUser[] {
    const users: MadeUpUser[] = [];
    for (let index = start; index < end; index++) {
      const { count, now, past, kept } = this.world;
      const bornAt = Math.floor(now - past * (1 - (index / count) ** GROWTH));
      const age = now - bornAt;
      const fate = fateOf({ index, count, age, pendingFor: kept.pending, deletedFor: kept.deleted });
      users.push(this.one(String(index), fate, bornAt, index));
      if (isFollowedByExpired(index, count, age, kept.pending)) {
        users.push(this.one(`${index}x`, 'expired', bornAt, count));
      }
    }
    return users;
  }

  private one(number: string, fate: Fate, bornAt: number, index: number): MadeUpUser {
    const { choices, staff } = this;
    const { now, kept, count } = this.world;
    const person = this.people.next(number);
    const ground = { choices, staff, now, pendingFor: kept.pending, deletedFor: kept.deleted };
    const life = planLife(person, fate, bornAt, ground);
    const { state, events, rows, key } = this.histories.of(life);
    if (count >= ENOUGH_FOR_EVERY_FATE && index < STAFF_OF_RECORD && state.role !== 'AUTHENTICATED') {
      const since = index < ADMINS ? bornAt : state.updatedAt.getTime();
      staff.add({ kind: 'user', id: life.id, role: state.role }, since);
    }
    const isErased = state.erasedAt !== null;
    const times = { now, keptFrom: now - kept.evidence, sessionIdleFor: kept.idleSession };
    const signIns = signInsOf(life, fate, person, choices, times);
    const cause = { person, isPending: state.pending, events, evidence: signIns.evidence, keptFrom: now - kept.mails };
    return {
      id: life.id,
      row: rowOf(state),
      events: rows,
      key: isErased ? undefined : key,
      // An invited person has not chosen one yet.
      hasPassword: !isErased && fate !== 'invited',
      signIns,
      mails: isErased ? [] : mailsOf(cause, choices),
    };
  }
}
