import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { USER_ROLES } from '../../src/access/role.js';
import { type NewUserEvent, type Profile, PROFILE_FIELDS, USER_EVENTS } from '../../src/events/catalogue.js';
import type { UserEvent } from '../../src/events/user-event.js';
import { DomainError } from '../../src/problems/domain-error.js';
import * as contactDeciders from '../../src/users/aggregate/decide-contacts.js';
import * as deciders from '../../src/users/aggregate/decide.js';
import { rowOf, stateOf } from '../../src/users/store/user.entity.js';
import { evolve, type UserState } from '../../src/users/aggregate/user.js';

const ID = '01920000-0000-7000-8000-000000000001';
const START = Date.UTC(2026, 0, 1);

type Decide = (state: UserState) => NewUserEvent[];

const text = fc.option(fc.string({ unit: 'grapheme', maxLength: 20 }));
const moment = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) });
const username = fc.constantFrom('ada', 'Straße', 'ﬁona', 'mary.jane', 'x', '@', 'админ', 'аda');
const role = fc.constantFrom(...USER_ROLES);
const others = fc.nat(2);
const profile = fc.record(
  Object.fromEntries(PROFILE_FIELDS.map((field) => [field, text])) as Record<keyof Profile, typeof text>,
  { requiredKeys: [] },
);

// Few, so that commands meet the contacts of others.
const contactId = fc.constantFrom('c1', 'c2', 'c3');
const contact = fc.record({
  id: contactId,
  kind: fc.constantFrom('email' as const, 'phone' as const),
  value: fc.constantFrom('ada@example.org', 'Ada@example.org', '+4915112345678'),
  label: text,
});

type Decider =
  | Exclude<keyof typeof deciders, 'create' | 'refuseDeleted'>
  | Exclude<keyof typeof contactDeciders, 'MAX_CONTACTS' | 'waitingContact' | 'contactOf'>;

/** Every decider with arbitrary arguments; one that is missing here does not compile. */
const COMMANDS: Record<Decider, fc.Arbitrary<Decide>> = {
  addContact: contact.map((added) => (state) => contactDeciders.addContact(state, added)),
  removeContact: contactId.map((id) => (state) => contactDeciders.removeContact(state, id)),
  requestContactConfirmation: fc.tuple(contactId, moment).map(
    ([id, until]) =>
      (state) =>
        contactDeciders.requestContactConfirmation(state, id, until),
  ),
  confirmContact: contactId.map((id) => (state) => contactDeciders.confirmContact(state, id)),
  verifyEmail: fc.constant(deciders.verifyEmail),
  requestVerification: moment.map((until) => (state) => deciders.requestVerification(state, until)),
  invite: moment.map((until) => (state) => deciders.invite(state, until)),
  changeRole: fc.tuple(role, others).map(
    ([to, count]) =>
      (state) =>
        deciders.changeRole(state, to, count),
  ),
  loseClaim: fc
    .constantFrom('claim-lost' as const, 'claim-expired' as const)
    .map((reason) => (state) => deciders.loseClaim(state, reason)),
  updateProfile: profile.map((given) => (state) => deciders.updateProfile(state, given)),
  changeUsername: username.map((name) => (state) => deciders.changeUsername(state, name)),
  changeProfessionalStatus: fc.boolean().map((to) => (state) => deciders.changeProfessionalStatus(state, to)),
  suspend: fc.tuple(text, others).map(
    ([reason, count]) =>
      (state) =>
        deciders.suspend(state, reason, count),
  ),
  reinstate: fc.constant(deciders.reinstate),
  remove: others.map((count) => (state) => deciders.remove(state, count)),
  restore: fc.constant(deciders.restore),
  erase: others.map((count) => (state) => deciders.erase(state, 'admin', count)),
};

const newUser: fc.Arbitrary<deciders.NewUser> = fc.record(
  {
    email: fc.constantFrom('ada@example.com', 'Ada@Example.COM', 'straße@exämple.de', null),
    username: fc.option(username),
    firstName: text,
    lastName: text,
    nickname: text,
    locale: fc.constantFrom('en', null),
    role,
    how: fc.constantFrom('registration', 'admin', 'invitation', 'import'),
  },
  { requiredKeys: ['role', 'how'] },
);

/** What a rule refuses is no event; anything else that is thrown is a fault. */
function decided(decide: () => NewUserEvent[]): NewUserEvent[] {
  try {
    return decide();
  } catch (error) {
    expect(error).toBeInstanceOf(DomainError);
    return [];
  }
}

/** As the log gives them back: through JSON, numbered, a second apart. */
function stored(events: readonly NewUserEvent[], afterVersion = 0): UserEvent[] {
  return events.map((newEvent, index) => ({
    ...(JSON.parse(JSON.stringify(newEvent)) as NewUserEvent),
    id: ID,
    userId: ID,
    userVersion: afterVersion + index + 1,
    version: 1,
    actor: { kind: 'system' },
    traceId: 'trace',
    occurredAt: new Date(START + (afterVersion + index + 1) * 1000),
  }));
}

const fold = (events: readonly UserEvent[]) => events.reduce<UserState | undefined>(evolve, undefined);

describe('Any sequence of commands', () => {
  const commands = fc.array(fc.oneof(...Object.values(COMMANDS)), { maxLength: 20 });

  it('keeps the state the fold of the events, and the row the state; what is refused changes nothing', () => {
    fc.assert(
      fc.property(newUser, commands, (first, decides) => {
        const log = stored(decided(() => deciders.create(first)));
        let state = fold(log);
        if (!state) return;
        for (const decide of decides) {
          const before: UserState = Object.freeze(state);
          const copy = structuredClone(before);
          const events = stored(
            decided(() => decide(before)),
            before.version,
          );
          expect(before).toEqual(copy);
          log.push(...events);
          state = events.reduce<UserState>(evolve, before);
          if (events.length === 0) expect(state).toBe(before);
          const row = rowOf(state);
          if (row) expect(stateOf(row)).toEqual(state);
        }
        expect(fold(log)).toEqual(state);
        expect(state.version).toBe(log.length);
      }),
      { numRuns: 150 },
    );
  });

  it('folds to the same blank user whether or not the key of an erased one is still there', () => {
    fc.assert(
      fc.property(newUser, commands, (first, decides) => {
        const log = stored(decided(() => deciders.create(first)));
        let state = fold(log);
        if (!state) return;
        for (const decide of [...decides, (last: UserState) => deciders.erase(last, 'admin', 1)]) {
          const before: UserState = state;
          const events = stored(
            decided(() => decide(before)),
            before.version,
          );
          log.push(...events);
          state = events.reduce<UserState>(evolve, before);
        }
        expect(state.erasedAt).not.toBeNull();
        const unreadable = log.map((event) => {
          const gone = Object.fromEntries(USER_EVENTS[event.type].personal.map((field) => [field, null]));
          return { ...event, data: { ...event.data, ...gone } } as UserEvent;
        });
        expect(fold(unreadable)).toEqual(state);
      }),
    );
  });
});
