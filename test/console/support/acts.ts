import type { Page } from 'playwright-core';
import { type Act, choose, confirm, inTurn, type Places, press } from './act-steps.js';
import { ACTS_ON_PERSONS } from './acts-on-persons.js';

const at = (path: string) => (): string => path;
const help =
  (of: keyof Places) =>
  (places: Places): string =>
    `/help?about=${places[of]}`;
const webhook = ({ webhook: id }: Places): string => `/webhooks/${id}`;
const application = ({ application: id }: Places): string => `/applications/${id}`;
const serviceAccount = ({ serviceAccount: id }: Places): string => `/service-accounts/${id}`;
const selectPerson = async (page: Page): Promise<void> => {
  await page
    .getByRole('row', { name: /ada@example\.com/ })
    .getByRole('checkbox')
    .check();
};
/** An act that asks for a fresh proof each time, here. */
const askForProof = async (page: Page): Promise<void> => {
  await page.route('**/auth/logout', (route) =>
    route.fulfill({
      status: 401,
      contentType: 'application/problem+json',
      body: JSON.stringify({ status: 401, code: 'step-up-required', title: 'Proof', detail: 'Prove it.' }),
    }),
  );
  await page.locator('header button[aria-haspopup="menu"]').click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('dialog', { name: 'Confirm that it is you' }).waitFor();
};
/** All that the console does. */
export const ACTS: readonly Act[] = [
  {
    act: 'act/step-up-dialog.tsx POST /auth/step-up',
    path: at('/help'),
    open: askForProof,
    typed: { Password: 'a password that is right' },
    send: confirm('Confirm'),
    says: 'dialog',
    isProof: true,
  },
  {
    act: 'act/step-up-dialog.tsx POST /auth/step-up/passkey-options',
    path: at('/help'),
    open: inTurn(async (page) => {
      await page.route('**/users/me/factors', (route) =>
        route.fulfill({ json: { items: [{ id: 'a', kind: 'passkey' }], recoveryCodesLeft: 0 } }),
      );
    }, askForProof),
    send: confirm('Use a passkey'),
    says: 'dialog',
    isProof: true,
  },
  {
    act: 'app/account-menu.tsx POST /auth/logout',
    path: at('/help'),
    send: async (page) => {
      await page.locator('header button[aria-haspopup="menu"]').click();
      await page.getByRole('menuitem', { name: 'Sign out' }).click();
    },
    says: 'notice',
  },
  {
    act: 'applications/application-acts.tsx PATCH /clients/{id}',
    path: application,
    open: press('Edit'),
    typed: { Name: 'Dashboards', 'Redirect URIs': 'https://dashboards.example.com/login' },
    send: confirm('Save'),
    says: 'dialog',
    compares: true,
  },
  {
    act: 'applications/application-acts.tsx POST /clients/{id}/rotate-secret',
    path: application,
    open: press('New secret'),
    send: confirm('Make a new secret'),
    says: 'dialog',
  },
  {
    act: 'applications/application-acts.tsx DELETE /clients/{id}',
    path: application,
    open: press('Delete'),
    send: confirm('Delete'),
    says: 'dialog',
  },
  {
    act: 'applications/applications-page.tsx POST /clients',
    path: at('/applications'),
    open: press('Add application'),
    typed: { Name: 'Wiki', 'Redirect URIs': 'https://wiki.example.com/login' },
    send: confirm('Add application'),
    says: 'dialog',
  },
  {
    act: 'help/help-answer.tsx POST /users/{id}/unlock',
    path: help('locked'),
    send: press('Unlock'),
    says: 'notice',
  },
  {
    act: 'help/help-answer.tsx POST /users/{id}/reinstate',
    path: help('suspended'),
    send: press('Reinstate'),
    says: 'notice',
  },
  {
    act: 'help/help-answer.tsx POST /users/{id}/restore',
    path: help('deleted'),
    send: press('Restore'),
    says: 'notice',
  },
  {
    act: 'help/help-answer.tsx DELETE /users/{id}/factors',
    path: help('pending'),
    open: press('Reset second factors'),
    send: confirm('Reset second factors'),
    says: 'dialog',
  },
  {
    act: 'help/mails-table.tsx POST /mails/{id}/resend',
    path: help('person'),
    send: press(/^Resend: /),
    says: 'notice',
  },
  {
    act: 'people/bulk-bar.tsx POST /bulk-acts',
    path: at('/people'),
    open: inTurn(selectPerson, press('Suspend')),
    typed: { Reason: 'Left the company.' },
    send: confirm('Suspend'),
    says: 'dialog',
  },
  {
    act: 'people/export-people.ts POST /users/export',
    path: at('/people?role=AUTHENTICATED'),
    open: selectPerson,
    send: inTurn(press('Export'), (page) => page.getByRole('menuitem', { name: 'As CSV' }).click()),
    says: 'notice',
  },
  {
    act: 'people/new-person-page.tsx POST /users',
    path: at('/people/new'),
    typed: { 'Email address': 'grace@example.com', 'First name': 'Grace', Password: 'seven idle boats' },
    send: press('Create'),
    says: 'page',
  },
  {
    act: 'webhooks/deliveries.tsx POST /webhooks/{id}/deliveries/resend',
    path: webhook,
    send: press(/^Resend all failed/),
    says: 'notice',
  },
  {
    act: 'webhooks/delivery-panel.tsx POST /webhooks/{id}/deliveries/{deliveryId}/resend',
    path: ({ webhook: id, delivery }) => `/webhooks/${id}?delivery=${delivery}`,
    send: confirm('Resend'),
    says: 'dialog',
  },
  {
    act: 'webhooks/sinks.tsx POST /relay/{sink}/dead-letters/resend',
    path: at('/webhooks?sink=webhooks'),
    open: confirm('From here'),
    send: confirm('Send again'),
    says: 'dialog',
  },
  {
    act: 'webhooks/webhook-page.tsx PATCH /webhooks/{id}',
    path: webhook,
    open: press('Edit'),
    typed: { URL: 'https://hooks.example.com/roster', Description: 'CRM' },
    send: confirm('Save'),
    says: 'dialog',
  },
  {
    act: 'webhooks/webhook-page.tsx PATCH /webhooks/{id}',
    path: ({ disabledWebhook }) => `/webhooks/${disabledWebhook}`,
    send: press('Enable'),
    says: 'notice',
  },
  {
    act: 'webhooks/webhook-page.tsx PATCH /webhooks/{id}',
    path: webhook,
    open: press('Disable'),
    send: confirm('Disable'),
    says: 'dialog',
  },
  {
    act: 'webhooks/webhook-page.tsx POST /webhooks/{id}/rotate-secret',
    path: webhook,
    open: press('New secret'),
    send: confirm('Make a new secret'),
    says: 'dialog',
  },
  {
    act: 'webhooks/webhook-page.tsx DELETE /webhooks/{id}',
    path: webhook,
    open: press('Delete'),
    send: confirm('Delete'),
    says: 'dialog',
  },
  {
    act: 'webhooks/webhook-page.tsx POST /webhooks/{id}/test',
    path: webhook,
    send: press('Send test'),
    says: 'notice',
  },
  {
    act: 'webhooks/webhooks-page.tsx POST /webhooks',
    path: at('/webhooks'),
    open: press('Add webhook'),
    typed: { URL: 'https://hooks.example.com/roster', Description: 'CRM' },
    send: confirm('Add webhook'),
    says: 'dialog',
  },
  {
    act: 'service-accounts/service-accounts-page.tsx POST /service-accounts',
    path: at('/service-accounts'),
    open: press('Add service account'),
    typed: { Name: 'Reports' },
    send: confirm('Add service account'),
    says: 'dialog',
  },
  {
    act: 'service-accounts/service-account-acts.tsx PATCH /service-accounts/{id}',
    path: serviceAccount,
    open: press('Edit'),
    typed: { Name: 'Invoices' },
    send: confirm('Save'),
    says: 'dialog',
  },
  {
    act: 'service-accounts/service-account-acts.tsx PUT /users/{id}/role',
    path: serviceAccount,
    open: inTurn(press('Edit'), choose('Role', 'Manager')),
    send: confirm('Save'),
    says: 'dialog',
  },
  {
    act: 'service-accounts/service-account-acts.tsx POST /users/{id}/suspend',
    path: serviceAccount,
    open: press('Suspend'),
    send: confirm('Suspend'),
    says: 'dialog',
  },
  {
    act: 'service-accounts/service-account-acts.tsx POST /users/{id}/reinstate',
    path: ({ suspendedService }) => `/service-accounts/${suspendedService}`,
    send: press('Reinstate'),
    says: 'notice',
  },
  {
    act: 'service-accounts/service-account-acts.tsx DELETE /service-accounts/{id}',
    path: serviceAccount,
    open: press('Delete'),
    send: confirm('Delete'),
    says: 'dialog',
  },
  {
    act: 'service-accounts/keys-section.tsx POST /service-accounts/{id}/keys',
    path: serviceAccount,
    open: press('Make a key'),
    typed: { 'Name of the key': 'staging', Networks: '10.1.0.0/16' },
    send: confirm('Make a key'),
    says: 'dialog',
  },
  {
    act: 'service-accounts/keys-section.tsx DELETE /service-accounts/{id}/keys/{keyId}',
    path: serviceAccount,
    open: press('Retire the key production'),
    send: confirm('Retire'),
    says: 'dialog',
  },
  ...ACTS_ON_PERSONS,
];
