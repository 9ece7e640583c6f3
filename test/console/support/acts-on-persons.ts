import type { Page } from 'playwright-core';
import { type Act, choose, confirm, inRow, inTurn, more, type Places, press } from './act-steps.js';

const person = ({ person: id }: Places): string => `/people/${id}`;
/** Does something, as far as the page knows, and takes it back. */
const undo = (path: string, act: (page: Page) => Promise<void>) => async (page: Page) => {
  await page.route(path, (route, request) =>
    request.method() === 'GET' ? route.fallback() : route.fulfill({ status: 200, json: {} }),
  );
  await act(page);
  // With the focus on it, the notice waits.
  await page.getByRole('button', { name: 'Undo' }).press('Enter');
  await page.unroute(path);
};

/** What the page of a person does. */
export const ACTS_ON_PERSONS: readonly Act[] = [
  {
    act: 'person/act-dialogs.tsx POST /users/{id}/suspend',
    path: person,
    open: press('Suspend'),
    typed: { 'Reason, for staff only': 'Spam.' },
    send: confirm('Suspend'),
    says: 'dialog',
    compares: true,
  },
  {
    act: 'person/act-dialogs.tsx POST /users/{id}/reinstate',
    path: person,
    send: undo('**/suspend', inTurn(press('Suspend'), confirm('Suspend'))),
    says: 'notice',
  },
  {
    act: 'person/act-dialogs.tsx DELETE /users/{id}',
    path: person,
    open: more('Delete'),
    send: confirm('Delete'),
    says: 'dialog',
    compares: true,
  },
  {
    act: 'person/act-dialogs.tsx POST /users/{id}/restore',
    path: person,
    send: undo('**/users/*', inTurn(more('Delete'), confirm('Delete'))),
    says: 'notice',
  },
  {
    act: 'person/act-dialogs.tsx POST /users/{id}/erase',
    path: person,
    open: more('Erase'),
    typed: { 'Type ada@example.com to confirm': 'ada@example.com' },
    send: confirm('Erase'),
    says: 'dialog',
    compares: true,
  },
  {
    act: 'person/act-dialogs.tsx DELETE /users/{id}/sessions',
    path: person,
    open: more('Sign out everywhere'),
    send: confirm('Sign out everywhere'),
    says: 'dialog',
    compares: true,
  },
  {
    act: 'person/act-dialogs.tsx DELETE /users/{id}/factors',
    path: person,
    open: more('Remove second factors'),
    send: confirm('Remove second factors'),
    says: 'dialog',
    compares: true,
  },
  {
    act: 'person/act-dialogs.tsx PUT /users/{id}/role',
    path: person,
    open: inTurn(more('Change role'), choose('New role', 'Manager')),
    send: confirm('Save'),
    says: 'dialog',
    compares: true,
  },
  {
    act: 'person/act-dialogs.tsx PUT /users/{id}/username',
    path: person,
    open: more('Change username'),
    typed: { 'New username': 'countess' },
    send: confirm('Save'),
    says: 'dialog',
    compares: true,
  },
  {
    act: 'person/act-dialogs.tsx PUT /users/{id}/email',
    path: person,
    open: more('Change email address'),
    typed: { 'New email address': 'countess@example.com' },
    send: confirm('Save'),
    says: 'dialog',
    compares: true,
  },
  {
    act: 'person/acts.tsx POST /users/{id}/unlock',
    path: ({ locked }) => `/people/${locked}`,
    send: press('Unlock'),
    says: 'notice',
    compares: true,
  },
  {
    act: 'person/acts.tsx POST /users/{id}/reinstate',
    path: ({ suspended }) => `/people/${suspended}`,
    send: press('Reinstate'),
    says: 'notice',
    compares: true,
  },
  {
    act: 'person/acts.tsx POST /users/{id}/restore',
    path: ({ deleted }) => `/people/${deleted}`,
    send: press('Restore'),
    says: 'notice',
    compares: true,
  },
  {
    act: 'person/acts.tsx PUT /users/{id}/professional-status',
    path: person,
    send: more('Mark as professional'),
    says: 'notice',
    compares: true,
  },
  {
    act: 'person/contacts-card.tsx POST /users/{id}/contacts',
    path: person,
    open: press('Add contact'),
    typed: { 'Email address': 'ada@work.example.com', Label: 'Work' },
    send: confirm('Add contact'),
    says: 'dialog',
    compares: true,
  },
  {
    act: 'person/contacts-card.tsx POST /users/{id}/contacts/{contactId}/resend-confirmation',
    path: person,
    send: inRow('Contacts', /^Resend/),
    says: 'notice',
    compares: true,
  },
  {
    act: 'person/contacts-card.tsx DELETE /users/{id}/contacts/{contactId}',
    path: person,
    open: inRow('Contacts', /^Remove/),
    send: confirm('Remove'),
    says: 'dialog',
    compares: true,
  },
  {
    act: 'person/device-cards.tsx DELETE /users/{id}/sessions/{sessionId}',
    path: person,
    send: inRow('Devices', /^End/),
    says: 'notice',
    compares: true,
  },
  {
    act: 'person/device-cards.tsx DELETE /users/{id}/remembered-devices/{deviceId}',
    path: person,
    send: inRow('Remembered devices', /^Forget:/),
    says: 'notice',
    compares: true,
  },
  {
    act: 'person/device-cards.tsx DELETE /users/{id}/remembered-devices',
    path: person,
    send: inRow('Remembered devices', /^Forget all/),
    says: 'notice',
    compares: true,
  },
  {
    act: 'person/identities-card.tsx DELETE /users/{id}/identities/{identityId}',
    path: person,
    open: inRow('Linked accounts', /^Unlink/),
    send: confirm('Unlink'),
    says: 'dialog',
    compares: true,
  },
  {
    act: 'person/mails-card.tsx POST /mails/{id}/resend',
    path: person,
    send: inRow('Mails', /^Resend/),
    says: 'notice',
    compares: true,
  },
  {
    act: 'person/methods-card.tsx DELETE /users/{id}/methods/{method}',
    path: person,
    open: inRow('Ways to sign in', /^Remove: Password/),
    send: confirm('Remove'),
    says: 'dialog',
    compares: true,
  },
  {
    act: 'person/methods-card.tsx DELETE /users/{id}/passkeys/{passkeyId}',
    path: person,
    open: inRow('Second factors', /^Remove: Laptop/),
    send: confirm('Remove'),
    says: 'dialog',
    compares: true,
  },
  {
    act: 'person/methods-card.tsx DELETE /users/{id}/totp',
    path: person,
    open: inRow('Second factors', /^Remove: Authenticator app/),
    send: confirm('Remove'),
    says: 'dialog',
    compares: true,
  },
  {
    act: 'person/profile-card.tsx PATCH /users/{id}',
    path: person,
    open: press('Edit'),
    typed: { Nickname: 'Countess', About: 'Wrote the first program.' },
    send: press('Save'),
    says: 'page',
    compares: true,
  },
];
