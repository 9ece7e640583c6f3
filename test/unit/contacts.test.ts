import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { event, type NewUserEvent, USER_EVENTS } from '../../src/events/catalogue.js';
import type { UserEvent } from '../../src/events/user-event.js';
import { create, remove, restore, suspend } from '../../src/users/aggregate/decide.js';
import {
  addContact,
  confirmContact,
  MAX_CONTACTS,
  type NewContact,
  removeContact,
  requestContactConfirmation,
  waitingContact,
} from '../../src/users/aggregate/decide-contacts.js';
import { isAddress } from '../../src/users/aggregate/is-address.js';
import { evolve, type UserState } from '../../src/users/aggregate/user.js';
import { rowOf, stateOf } from '../../src/users/store/user.entity.js';
import {
  ContactExists,
  ContactNotFound,
  NothingToConfirm,
  TooManyContacts,
  UserNotFound,
} from '../../src/users/aggregate/user-errors.js';

const START = Date.UTC(2026, 10, 21);
const timeOf = (version: number) => new Date(START + version * 1000);

const then = (state: UserState | undefined, events: readonly NewUserEvent[]): UserState =>
  events.reduce<UserState | undefined>((before, newEvent) => {
    const userVersion = (before?.version ?? 0) + 1;
    const stored: UserEvent = {
      id: `event-${userVersion}`,
      userId: 'user-1',
      userVersion,
      version: 1,
      actor: { kind: 'system' },
      traceId: 'trace',
      occurredAt: timeOf(userVersion),
      ...newEvent,
    };
    return evolve(before, stored);
  }, state)!;

const WORK: NewContact = { id: 'work', kind: 'email', value: 'Ada@work.example', label: 'Work' };
const PHONE: NewContact = { id: 'phone', kind: 'phone', value: '+442079460958', label: null };

const ada = then(undefined, create({ email: 'ada@example.com', role: 'AUTHENTICATED', how: 'admin' }));
const withWork = then(ada, addContact(ada, WORK));
const withBoth = then(withWork, addContact(withWork, PHONE));
const confirmed = then(withBoth, confirmContact(withBoth, 'work'));
const deleted = then(withBoth, remove(withBoth, 1));
const suspended = then(withBoth, suspend(withBoth, null, 1));

describe('adding a contact', () => {
  it('is an event with all of it, and makes it the last of the contacts, not confirmed', () => {
    expect(addContact(ada, WORK)).toEqual([
      event('user.contact_added', { contactId: 'work', kind: 'email', value: 'Ada@work.example', label: 'Work' }),
    ]);
    expect(withBoth.contacts).toEqual([
      { ...WORK, confirmedAt: null, addedAt: timeOf(2).toISOString() },
      { ...PHONE, confirmedAt: null, addedAt: timeOf(3).toISOString() },
    ]);
  });
  it('is refused for one that the user has, whatever the case of an address', () => {
    for (const again of [WORK, { ...WORK, value: 'ada@WORK.example', label: 'Other' }, PHONE]) {
      expect(() => addContact(withBoth, { ...again, id: 'again' })).toThrow(ContactExists);
    }
    // The identity address may be a contact, too: neither says anything about the other.
    expect(addContact(ada, { ...WORK, value: 'ada@example.com' })).toHaveLength(1);
  });
  it('is refused when there are as many as there can be', () => {
    let state = ada;
    for (let n = 0; n < MAX_CONTACTS; n++) {
      state = then(state, addContact(state, { ...WORK, id: `${n}`, value: `${n}@work.example` }));
    }
    expect(MAX_CONTACTS).toBe(20);
    expect(() => addContact(state, PHONE)).toThrow(TooManyContacts);
    const oneLess = then(state, removeContact(state, '7'));
    expect(addContact(oneLess, PHONE)).toHaveLength(1);
  });
  it('takes nothing into the event that it does not know', () => {
    const hostile = { ...WORK, confirmedAt: 'now', contactId: 'other', role: 'ADMIN' } as NewContact;
    expect(addContact(ada, hostile)).toEqual(addContact(ada, WORK));
  });
});

describe('removing a contact', () => {
  it('leaves the others, and happens once', () => {
    const events = removeContact(withBoth, 'work');
    expect(events).toEqual([event('user.contact_removed', { contactId: 'work', kind: 'email' })]);
    const left = then(withBoth, events);
    expect(left.contacts.map(({ id }) => id)).toEqual(['phone']);
    expect(() => removeContact(left, 'work')).toThrow(ContactNotFound);
    expect(addContact(left, { ...WORK, id: 'anew' })).toHaveLength(1);
  });
});

describe('confirming a contact', () => {
  it('says when, and leaves the identity address and all else as it is', () => {
    expect(confirmContact(withBoth, 'work')).toEqual([
      event('user.contact_confirmed', { contactId: 'work', kind: 'email' }),
    ]);
    const { contacts, version, updatedAt, ...rest } = confirmed;
    expect(contacts[0]).toEqual({ ...withBoth.contacts[0], confirmedAt: timeOf(4).toISOString() });
    expect(contacts[1]).toEqual(withBoth.contacts[1]);
    expect({ ...rest, contacts: withBoth.contacts, version: version - 1, updatedAt: timeOf(3) }).toEqual(withBoth);
    expect(updatedAt).toEqual(timeOf(4));
  });
  it('is for an address that waits, of a user who is neither suspended nor deleted', () => {
    for (const [state, id] of [
      [withBoth, 'phone'],
      [withBoth, 'nobody'],
      [confirmed, 'work'],
      [suspended, 'work'],
      [deleted, 'work'],
      [then(withBoth, removeContact(withBoth, 'work')), 'work'],
    ] as const) {
      expect(waitingContact(state, id)).toBeUndefined();
      expect(() => confirmContact(state, id)).toThrow(NothingToConfirm);
      expect(() => requestContactConfirmation(state, id, timeOf(0))).toThrow(NothingToConfirm);
    }
    expect(waitingContact(then(deleted, restore(deleted)), 'work')).toEqual(withBoth.contacts[0]);
  });
  it('is asked for by an event that names the contact and never its value, and changes no fact', () => {
    const events = requestContactConfirmation(withBoth, 'work', timeOf(9));
    const data = { purpose: 'confirm-contact', expiresAt: timeOf(9).toISOString(), contactId: 'work' } as const;
    expect(events).toEqual([event('user.verification_token.created', data)]);
    expect(then(withBoth, events)).toEqual({ ...withBoth, version: 4, updatedAt: timeOf(4) });
    const before0_2 = event('user.verification_token.created', { purpose: 'verify-email', expiresAt: data.expiresAt });
    expect(then(withBoth, [before0_2])).toEqual({ ...withBoth, version: 4, updatedAt: timeOf(4) });
  });
});

describe('contacts', () => {
  it('of a deleted user cannot be changed, and are gone when it is erased', () => {
    expect(() => addContact(deleted, { ...PHONE, id: 'x', value: '+4915112345678' })).toThrow(UserNotFound);
    expect(() => removeContact(deleted, 'work')).toThrow(UserNotFound);
    expect(then(withBoth, [event('user.erased', { reason: 'claim-lost' })]).contacts).toEqual([]);
  });
  it('are sealed in the log: what they are and what they are called', () => {
    expect(USER_EVENTS['user.contact_added'].personal).toEqual(['value', 'label']);
  });

  const id = fc.constantFrom('a', 'b', 'c');
  const command = fc.oneof(
    fc
      .record({
        id,
        value: fc.constantFrom('x@a.example', 'X@A.example', 'y@a.example'),
        label: fc.option(fc.string()),
      })
      .map((given) => (state: UserState) => {
        if (state.contacts.some((contact) => contact.id === given.id)) return [];
        return addContact(state, { kind: 'email', ...given });
      }),
    id.map((contactId) => (state: UserState) => removeContact(state, contactId)),
    id.map((contactId) => (state: UserState) => confirmContact(state, contactId)),
  );
  it('fold, after any sequence of commands, to a state that its row gives back through JSON', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 20 }), (commands) => {
        let state = ada;
        for (const decide of commands) {
          try {
            state = then(state, decide(state));
          } catch (error) {
            expect([ContactExists, ContactNotFound, NothingToConfirm]).toContain((error as object).constructor);
          }
          const row = rowOf(state)!;
          const stored = JSON.parse(JSON.stringify(row.contacts)) as typeof row.contacts;
          expect(stateOf({ ...row, contacts: stored })).toEqual(state);
          const values = state.contacts.map(({ value }) => value.toLowerCase());
          expect(new Set(values).size).toBe(values.length);
        }
      }),
    );
  });
});

describe('an address', () => {
  it('is one plain address', () => {
    for (const good of ['a@b.example', 'a+b.c@sub.b.example']) expect(isAddress(good)).toBe(true);
    const bad = [
      '',
      'a',
      'a@b',
      '"a@b,c"@d.example',
      'a b@c.example',
      `${'a'.repeat(250)}@b.example`,
      7,
      null,
      ['a@b.c'],
    ];
    expect(bad.filter(isAddress)).toEqual([]);
  });
});
