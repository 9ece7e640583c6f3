import { DomainError } from '../../problems/domain-error.js';

/** More of a request would have to be kept than may be. */
export class ParameterTooLong extends DomainError {
  readonly code = 'validation-failed';
  constructor(what: string, most: number) {
    super(`${what} must have at most ${most} characters.`);
  }
}

/** In characters: what a client sends is kept for up to half an hour, of anybody who names a client. */
const MOST = 1000;
const MOST_OF: Readonly<Record<string, number>> = {
  // Some clients keep where somebody was in it.
  state: 4000,
  redirect_uri: 2000,
  resource: 2000,
  id_token_hint: 8000,
};
const MOST_TOGETHER = 16_000;

/**
 * Bounds what a client may have kept of an authorization request, each parameter by itself and all of them.
 * @throws ParameterTooLong
 */
export function checkSize(parameters: unknown): void {
  let together = 0;
  for (const [name, given] of Object.entries((parameters ?? {}) as Record<string, unknown>)) {
    const most = MOST_OF[name] ?? MOST;
    for (const value of [given].flat()) {
      const { length } = String(value);
      if (length > most) throw new ParameterTooLong(`The parameter "${name.slice(0, 100)}"`, most);
      together += length;
      if (together > MOST_TOGETHER) throw new ParameterTooLong('All parameters together', MOST_TOGETHER);
    }
  }
}
