import { createRequire } from 'node:module';
import type LanguageCommon from '@zxcvbn-ts/language-common';
import { DomainError, type FieldError } from '../../problems/domain-error.js';

/** Why a password is refused, as a key for translations. */
export type Weakness = 'tooShort' | 'tooLong' | 'common' | 'repetitive' | 'knownWord' | 'breached';

/** The password is easy to guess; the message says why, `errors` names the field. */
export class WeakPassword extends DomainError {
  readonly code = 'weak-password';
  override readonly errors: readonly FieldError[];
  constructor(
    readonly weakness: Weakness,
    reason: string,
    path = 'password',
  ) {
    super(reason);
    this.errors = [{ path, message: reason }];
  }
}

/** Longer passwords are refused before any processing. */
export const MAX_PASSWORD_BYTES = 1024;
const MAX_CHARACTERS = 128;

let common: ReadonlySet<string> | undefined;

/** 49,233 commonly used passwords (from @zxcvbn-ts/language-common): 5 MB, which only a server needs where passwords are set. */
function commonPasswords(): ReadonlySet<string> {
  if (common === undefined) {
    const { dictionary } = createRequire(import.meta.url)('@zxcvbn-ts/language-common') as typeof LanguageCommon;
    common = new Set(dictionary['passwords-common'].map((password) => password.toLowerCase()));
  }
  return common;
}

export interface PasswordSubject {
  readonly productName: string;
  readonly email?: string | null | undefined;
  readonly names: readonly (string | null | undefined)[];
  /** The field with the password. */
  readonly field?: 'password' | 'newPassword';
}

/**
 * NIST SP 800-63B-4, 3.1.1.2: length and a blocklist, no composition rules. Compared after NFKC and without case.
 * @throws WeakPassword with the reason
 */
export function checkPassword(password: string, minLength: number, subject: PasswordSubject): void {
  const weak = (weakness: Weakness, reason: string) => new WeakPassword(weakness, reason, subject.field);
  if (Buffer.byteLength(password) > MAX_PASSWORD_BYTES) {
    throw weak('tooLong', `A password can have at most ${MAX_CHARACTERS} characters.`);
  }
  const normalised = password.normalize('NFKC');
  const length = [...normalised].length;
  if (length < minLength) {
    throw weak('tooShort', `A password needs at least ${minLength} characters; a few words make a good one.`);
  }
  // Also as sent: NFKC shortens some strings, and the API document gives a length that clients can count.
  if (Math.max(length, [...password].length) > MAX_CHARACTERS)
    throw weak('tooLong', `A password can have at most ${MAX_CHARACTERS} characters.`);
  const lower = normalised.toLowerCase();
  if (isCommon(lower)) {
    throw weak('common', 'This password is too common. Choose another one.');
  }
  if (isMonotonous(lower))
    throw weak('repetitive', 'This password is a repetition or sequence of a few characters. Choose another one.');
  const word = contextWords(subject).find((candidate) => isMostly(lower, candidate));
  if (word !== undefined) {
    throw weak('knownWord', `This password is little more than "${word}", which is easy to guess. Choose another one.`);
  }
}

/** Also a repeated common password, or one surrounded by digits and symbols, which attackers try next. */
function isCommon(password: string): boolean {
  const common = commonPasswords();
  if (common.has(password)) return true;
  const core = password.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '');
  if (core.length >= 4 && common.has(core)) return true;
  for (let unit = 3; unit <= password.length / 2; unit++) {
    if (password.length % unit !== 0) continue;
    const part = password.slice(0, unit);
    if (common.has(part) && part.repeat(password.length / unit) === password) return true;
  }
  return false;
}

function isMonotonous(password: string): boolean {
  const characters = [...password];
  if (new Set(characters).size <= 2) return true;
  // Up to four characters repeated, possibly ending with part of them.
  if (/^(.{1,4})\1{2,}.{0,3}$/su.test(password)) return true;
  const steps = characters.slice(1).map((character, index) => {
    return (character.codePointAt(0) ?? 0) - (characters[index]?.codePointAt(0) ?? 0);
  });
  const counting = steps.filter((step) => Math.abs(step) <= 1 || step === -9 || step === 9).length;
  return counting === steps.length;
}

function contextWords({ productName, email, names }: PasswordSubject): string[] {
  const [local = '', domain = ''] = (email ?? '').split('@');
  const called = [productName, ...names].flatMap((name) => [name, ...(name ?? '').split(/[\s-]+/)]);
  return [...called, email ?? '', local, ...local.split(/[._+-]/), ...domain.split('.').slice(0, -1)]
    .map((word) => (word ?? '').normalize('NFKC').toLowerCase().trim())
    .filter((word) => [...word].length >= 4);
}

/** True if too little is left to guess once the word is known. */
function isMostly(password: string, word: string): boolean {
  if (!password.includes(word)) return false;
  const rest = password.replaceAll(word, '');
  return [...rest].length < 8 || /^\P{L}*$/u.test(rest);
}
