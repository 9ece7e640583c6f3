import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Roster } from './roster.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const PERIOD = 30;

/** RFC 6238 with SHA-1 and six digits, written from the RFC and apart from what the server uses. @param time in seconds */
export function totpAt(secret: string, time: number): string {
  const bits = [...secret].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const bytes = (bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(time / PERIOD)));
  const mac = createHmac('sha1', Buffer.from(bytes)).update(counter).digest();
  const offset = mac.readUInt8(mac.length - 1) & 0xf;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** Waits for the next step where this one ends in less than so many seconds, so that what follows is within one step. */
export async function roomInStep(seconds: number): Promise<void> {
  const left = PERIOD - ((Date.now() / 1000) % PERIOD);
  if (left < seconds) await sleep(left * 1000 + 50);
}

/** The code of this moment, or of some steps before or after it. Waits a little where the step is about to end. */
export async function codeOf(secret: string, steps = 0): Promise<string> {
  await roomInStep(3);
  return totpAt(secret, Date.now() / 1000 + steps * PERIOD);
}

export interface SetUp {
  readonly secret: string;
  readonly recoveryCodes: string[];
}

/** Sets up an authenticator app for the user of this access token. */
export async function addTotp(roster: Roster, token: string): Promise<SetUp> {
  const headers = { authorization: `Bearer ${token}` };
  const begun = await roster.api.post('/users/me/totp').set(headers).expect(200);
  const { secret } = begun.body as { secret: string };
  const code = await codeOf(secret);
  const confirmed = await roster.api.post('/users/me/totp/confirm').set(headers).send({ code }).expect(200);
  return { secret, ...(confirmed.body as { recoveryCodes: string[] }) };
}

/** A code that works now, whatever was used before: as if time had gone by. */
export async function freshCode(roster: Roster, secret: string, userId: string): Promise<string> {
  await roster.database.query('UPDATE totp_credentials SET last_step = 0 WHERE user_id = $1', [userId]);
  return codeOf(secret);
}

interface FirstStep {
  readonly status: number;
  readonly body: { readonly code?: string; readonly continueWith?: { readonly token: string } };
}

/** The ticket with which an answered first step goes on. */
export function ticketOf({ status, body }: FirstStep): string {
  if (status !== 403 || body.code !== 'second-factor-required')
    throw new Error(`No second step: ${status} ${body.code}`);
  return body.continueWith?.token ?? '';
}
