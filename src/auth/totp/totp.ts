import { generateSecret, generateURI, verifySync } from 'otplib';

/** Seconds (RFC 6238, 4). */
const PERIOD = 30;
const CODE = /^[0-9]{6}$/;

/** A new secret of 160 bits (RFC 4226, 4, R6), in Base32 as authenticator apps take it. */
export function newSecret(): string {
  return generateSecret({ length: 20 });
}

/** The content of the QR code: all that an authenticator app needs. */
export function otpauthUri(secret: string, issuer: string, label: string): string {
  // A colon separates the two.
  return generateURI({ issuer: issuer.replaceAll(':', ' '), label: label.replaceAll(':', ' '), secret });
}

/**
 * The time step that a code belongs to: SHA-1, six digits, 30 seconds, at most one step away from now (RFC 6238, 5.2).
 * @param code with or without white space, as apps show it
 * @param now in seconds since 1970
 * @param after the last step whose code was used: only later ones count
 * @returns undefined for a wrong or used code
 */
export function stepOf(secret: string, code: string, now: number, after = 0): number | undefined {
  const token = code.replace(/\s/g, '');
  const latest = Math.floor(now / PERIOD) + 1;
  if (!CODE.test(token) || after >= latest) return undefined;
  const afterTimeStep = Math.max(0, after);
  const result = verifySync({ secret, token, epoch: now, period: PERIOD, epochTolerance: PERIOD, afterTimeStep });
  return result.valid && 'timeStep' in result ? result.timeStep : undefined;
}
