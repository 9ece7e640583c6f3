import { FormField } from '../../http/pages/hosted-page.js';

/** What providers add to the redirect URI (RFC 6749, 4.1.2; RFC 9207), or post to it. */
export class ProviderReturnDto {
  @FormField(200) readonly state?: string;
  @FormField(4000) readonly code?: string;
  @FormField(500) readonly iss?: string;
  @FormField(200) readonly error?: string;
  /** Apple's, with the first sign-in alone. */
  @FormField(2000) readonly user?: string;
  /** Ours: the browser has been led here by our own page. */
  @FormField(5) readonly again?: string;
}

/** The same as a form, with what some providers add to it. Nothing else of it is read. */
export class ProviderReturnForm extends ProviderReturnDto {
  @FormField(2000) readonly error_description?: string;
  @FormField(2000) readonly error_uri?: string;
  @FormField(20_000) readonly id_token?: string;
  @FormField(500) readonly session_state?: string;
  @FormField(2000) readonly scope?: string;
}

/** The names that count in the query of a return. */
export const RETURNED = ['state', 'code', 'iss', 'error', 'user', 'again'] as const;

/** What came back, in the order of `RETURNED`. */
export function queryOf(given: ProviderReturnDto): URLSearchParams {
  return new URLSearchParams(
    RETURNED.flatMap((name): [string, string][] => (given[name] === undefined ? [] : [[name, given[name]]])),
  );
}
