import { expect, it } from '@jest/globals';
import { SIGN_IN_TYPES } from '../../src/auth/sign-in-evidence/sign-ins.dto.js';
import { loadSettings } from '../../src/config/settings.js';
import { camelCase } from '../../src/http/pages/form-state.js';
import { Pages } from '../../src/http/pages/pages.js';
import { ACCOUNT_SAMPLES } from '../../src/operator/preview/account-samples.js';
import { MAIL_SAMPLES } from '../../src/operator/preview/mail-samples.js';

const pages = new Pages(loadSettings({}));
const LOCALES = ['en', 'de'];
const keyOf = (name: string) => ({ [camelCase(name.replace(/[._]/g, '-'))]: true as const });

it.each(Object.keys(MAIL_SAMPLES))('the mail %s has a name for its reader, in both languages', (template) => {
  const usual = ACCOUNT_SAMPLES['account-mails']['usual']!;
  const mails = [{ ...usual.mails[0]!, template, what: keyOf(template) }];
  for (const locale of LOCALES) {
    expect(pages.page('account-mails', { ...usual, mails }, [locale])).not.toContain(template);
  }
});

it.each(SIGN_IN_TYPES)('what happened around a sign-in, %s, is told in both languages', (type) => {
  const usual = ACCOUNT_SAMPLES['account-activity']['usual']!;
  const signIns = [{ ...usual.signIns[0]!, type, what: keyOf(type), method: {} }];
  for (const locale of LOCALES) {
    expect(pages.page('account-activity', { ...usual, signIns }, [locale])).not.toContain(type);
  }
});
